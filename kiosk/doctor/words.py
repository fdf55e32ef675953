"""What devices and their faults are called in Chinese, and what to do about a fault."""

from typing import Final

from drivers.contracts.errors import Fault

DEVICES: Final = {"fingerprint": "指纹仪", "receipt_printer": "凭条打印机"}

_REPLUG: Final = "拔下设备再插回原来的插口，等十秒后再检查一次；仍不行请换一根数据线，再不行请联系县里更换设备。"
_RESTART: Final = "关掉设备电源，等十秒再打开；仍不行请联系县里。"

#: What happened, and what to do.
FAULTS: Final[dict[Fault, tuple[str, str]]] = {
    Fault.NOT_FOUND: ("没有找到设备", "请检查数据线是否插好、设备是否通电，并插回原来的插口。"),
    Fault.UNPLUGGED: ("设备被拔出", "请把数据线插回原来的插口。"),
    Fault.BUSY: ("设备正被别的程序占用", "请重新启动本机；仍不行请联系县里。"),
    Fault.OFFLINE: ("设备没有准备好", "请检查设备电源和指示灯。"),
    Fault.ACCESS_DENIED: ("没有权限使用设备", "请县里运维人员检查 udev 规则、kiosk 用户组和模块口令。"),
    Fault.SILENT: ("设备没有应答", _REPLUG),
    Fault.TRUNCATED: ("设备的应答不完整", _REPLUG),
    Fault.BAD_HEADER: ("设备的应答无法识别", "请县里运维人员检查接线、串口速率和设备型号。"),
    Fault.BAD_CHECKSUM: ("设备的应答在传输中损坏", _REPLUG),
    Fault.BAD_REPLY: ("设备答非所问", _RESTART),
    Fault.UNSUPPORTED: ("设备不支持需要的功能", "这个型号不适用，请联系县里更换设备。"),
    Fault.REFUSED: ("设备拒绝了操作", _RESTART),
    Fault.NO_FINGER: ("没有手指", ""),
    Fault.POOR_IMAGE: ("指纹图像不清", "请用软布擦净指纹仪的窗口。"),
    Fault.TOO_FEW_FEATURES: ("指纹特征太少", "请用软布擦净指纹仪的窗口。"),
    Fault.IMPRESSIONS_DIFFER: ("几次按压不一致", ""),
    Fault.NO_ROOM: ("指纹仪的指纹库已满", "请联系县里更换容量更大的指纹仪。"),
    Fault.BAD_SLOT: ("指纹库位置无效", _RESTART),
    Fault.BAD_TEMPLATE: ("指纹模板无效", "请联系县里。"),
    Fault.STORAGE_FAILED: ("指纹仪的存储损坏", "请联系县里更换指纹仪。"),
    Fault.SENSOR_FAILED: ("指纹传感器损坏", "请联系县里更换指纹仪。"),
    Fault.PAPER_OUT: ("打印机缺纸", "请打开上盖，装入新纸卷，合上上盖。"),
    Fault.PAPER_LOW: ("打印纸快用完", "请准备好新纸卷。"),
    Fault.COVER_OPEN: ("打印机上盖没有合上", "请把上盖合紧。"),
    Fault.CUTTER_JAM: ("打印机切刀卡住", "请关掉打印机，打开上盖取出碎纸，再通电。"),
    Fault.OVERHEATED: ("打印头过热", "请等几分钟再用。"),
    Fault.UNPRINTABLE: ("内容无法打印", "请联系县里。"),
    Fault.CANCELLED: ("操作已取消", ""),
}


def device(name: str) -> str:
    """What a device of the configuration is called."""
    return DEVICES.get(name, name)


def fault(word: str) -> tuple[str, str]:
    """What a fault means, and what to do; a word that is no fault of a device keeps its own name."""
    try:
        return FAULTS[Fault(word)]
    except ValueError:
        return word, ""
