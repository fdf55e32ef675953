"""What the screen says: sentences that are shown as they stand and spoken from files, and names of things."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final

from drivers.contracts.errors import Fault
from services.certification import acts
from services.certification.views import CertificationView, Problem, SlipState
from services.clerks import PinRejectedError, UnknownClerkError
from services.devices import DeviceState, Health
from services.identity import SHANGHAI, IdentityError
from services.northbound.messages import Method

_HERE: Final = Path(__file__).parent

DEVICES: Final[Mapping[str, str]] = {"fingerprint": "指纹仪", "receipt_printer": "凭条打印机"}
METHODS: Final = {Method.FINGER: "指纹认证", Method.ATTESTED: "人工认证", Method.HOME_VISIT: "上门认证"}

#: Why no finger could be used, as most clerks would put it.
REASONS: Final = ("指纹磨平了，认不出来", "手上有伤，不能按手指", "指纹没有登记", "指纹仪坏了")
#: Why somebody cannot come to the point.
HOME_REASONS: Final = ("卧病在床，不能来", "行动不便，来不了", "住得太远，来不了", "在外地子女家里住")

_FAULTS: Final[Mapping[Fault, str]] = {
    Fault.NOT_FOUND: "没有连接，请看一看数据线和电源",
    Fault.UNPLUGGED: "数据线被拔下来了，请插回原来的插口",
    Fault.BUSY: "正忙，请稍等",
    Fault.OFFLINE: "没有准备好，请看一看电源开关",
    Fault.ACCESS_DENIED: "系统不让使用，请联系县里",
    Fault.SILENT: "没有应答，请拔下数据线，等十秒再插上",
    Fault.TRUNCATED: "应答不完整，请拔下数据线，等十秒再插上",
    Fault.BAD_HEADER: "应答看不懂，请联系县里核对型号",
    Fault.BAD_CHECKSUM: "传来的数据有错，请换一根数据线",
    Fault.BAD_REPLY: "应答不对，请拔下数据线，等十秒再插上",
    Fault.UNSUPPORTED: "这种型号不能用，请联系县里",
    Fault.REFUSED: "不肯工作，请联系县里",
    Fault.NO_FINGER: "没有等到手指，请再按一次",
    Fault.POOR_IMAGE: "图像不清，请用软布擦净窗口",
    Fault.TOO_FEW_FEATURES: "图像不清，请用软布擦净窗口",
    Fault.IMPRESSIONS_DIFFER: "几次按的不一样，请重新按",
    Fault.NO_ROOM: "里面存满了，请联系县里",
    Fault.BAD_SLOT: "里面的存储有错，请联系县里",
    Fault.BAD_TEMPLATE: "里面的存储有错，请联系县里",
    Fault.STORAGE_FAILED: "里面的存储坏了，请联系县里更换",
    Fault.SENSOR_FAILED: "感应窗口坏了，请联系县里更换",
    Fault.PAPER_OUT: "没有纸了，请换上新纸卷",
    Fault.PAPER_LOW: "纸快用完了，请准备新纸卷",
    Fault.COVER_OPEN: "上盖没有合好，请按紧上盖",
    Fault.CUTTER_JAM: "切纸刀卡住了，请打开上盖取出碎纸",
    Fault.OVERHEATED: "太热了，请等几分钟",
    Fault.UNPRINTABLE: "有打不出来的内容，请联系县里",
    Fault.CANCELLED: "已经取消，请再来一次",
}

_SLIP_PROBLEMS: Final[Mapping[Problem, str]] = {
    Problem.PRINTER_PAPER_OUT: "slip-paper",
    Problem.PRINTER_COVER_OPEN: "slip-cover",
    Problem.SLIP_INTERRUPTED: "slip-interrupted",
}

_REJECTIONS: Final[Mapping[type[Exception], str]] = {
    acts.SameClerkError: "same_clerk",
    acts.ReasonError: "reason-rejected",
    acts.NameRejectedError: "name-rejected",
    acts.DateDoubtfulError: "date_doubtful",
    acts.VisitDateError: "visit_date",
    acts.NotFoundError: "not_found",
    acts.AlreadyCertifiedError: "already_certified",
    acts.NotEligibleError: "not_eligible",
    acts.DateDiffersError: "date-wrong",
    PinRejectedError: "change_pin-easy",
    UnknownClerkError: "pin-gone",
}


class Prompts:
    """The sentences by their names, and the files that speak them."""

    def __init__(self, folder: Path = _HERE) -> None:
        """Read both; a point whose voice is missing is silent, and says everything in words all the same.

        Args:
            folder: holds `prompts.toml` and `static/voice/manifest.json`.
        """
        self.sentences: dict[str, str] = tomllib.loads((folder / "prompts.toml").read_text(encoding="utf-8"))
        try:
            text = (folder / "static/voice/manifest.json").read_text(encoding="utf-8")
            spoken: dict[str, dict[str, str]] = json.loads(text)["prompts"]
        except (OSError, ValueError, KeyError):
            spoken = {}
        self._files = {
            key: f"{entry['file']}?v={entry['sha256'][:12]}"
            for key, entry in spoken.items()
            if (folder / "static/voice" / entry["file"]).exists()
        }

    def text(self, key: str) -> str:
        """A sentence as it is shown."""
        return self.sentences[key]

    def title(self, key: str) -> str:
        """A sentence as a title: without the full stop."""
        return self.sentences[key].rstrip("。")

    def file(self, key: str) -> str | None:
        """The file that speaks it, below `static/voice`, with its version."""
        return self._files.get(key)


def problem(reason: Problem) -> str:
    """The prompt that tells why a step is shown."""
    return f"problem-{reason}"


def rejection(error: Exception) -> str:
    """The prompt for what was entered and cannot be taken."""
    if isinstance(error, IdentityError):
        return f"number-{error.reason}"
    return _REJECTIONS[type(error)]


def slip(certification: CertificationView) -> str:
    """The prompt that tells how far the slip is."""
    if certification.slip is SlipState.PRINTED:
        return "slip-printed"
    if certification.slip is SlipState.FAILED and certification.slip_problem is not None:
        return _SLIP_PROBLEMS.get(certification.slip_problem, "slip-printer")
    return "slip-printing"


def fault(reason: Fault) -> str:
    """What is wrong with a device and what to do, for a clerk."""
    return _FAULTS[reason]


def device_state(state: DeviceState) -> str:
    """How a device is, for a clerk: in one line."""
    troubles = sorted(fault(reason) for reason in (state.faults or state.warnings))
    if not troubles:
        return "正常"
    return "；".join(troubles)


def device_word(state: DeviceState) -> str:
    """How a device is, in one word for the home page."""
    if Fault.PAPER_OUT in state.faults:
        return "没有纸"
    if Fault.COVER_OPEN in state.faults:
        return "盖子没合好"
    return {Health.READY: "正常", Health.DEGRADED: "要看一看", Health.ABSENT: "没有连接"}[state.health]


def day(moment: datetime | date) -> str:
    """A date in words, in Asia/Shanghai."""
    local = moment.astimezone(SHANGHAI) if isinstance(moment, datetime) else moment
    return f"{local.year}年{local.month}月{local.day}日"


def weekday(moment: date) -> str:
    """The day of the week."""
    return "星期" + "一二三四五六日"[moment.weekday()]


def time(moment: datetime) -> str:
    """Hours and minutes in Asia/Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%H:%M}"
