"""What the slip of a certification says."""

from drivers.contracts.printer import Align, Field, QRCode, Rule, Slip, Text
from services.certification.ledger import Certified
from services.certification.residents import Resident
from services.certification.rules import Rules
from services.identity import SHANGHAI
from services.northbound.messages import Method

_METHODS = {
    Method.FINGER: "指纹认证",
    Method.ATTESTED: "工作人员见证（待县级复核）",
    Method.HOME_VISIT: "上门认证（待县级复核）",
}
_HASH_SHOWN = 16


def certification_slip(certified: Certified, resident: Resident, rules: Rules) -> Slip:
    """The slip, marked as a copy once its printing was begun before.

    Args:
        certified: what it is about, with the attempt that is being made now not yet counted.
        resident: shown masked.
        rules: name the point, its phone and the address that verifies records.
    """
    at = certified.certified_at.astimezone(SHANGHAI)
    shown = resident.view
    elements: list[Text | Field | Rule | QRCode] = [
        Text("养老金资格认证回执", align=Align.CENTRE, large=True, bold=True)
    ]
    if certified.slip_attempts:
        elements.append(Text("补打", align=Align.CENTRE, bold=True))
    elements += [
        Rule(),
        Field("姓名", shown.masked_name),
        Field("证件号码", shown.masked_number),
        Field("认证方式", _METHODS[certified.method]),
        Field("认证年度", f"{certified.year}年"),
        Field("有效期至", f"{certified.year}年12月31日"),
        Field("认证时间", f"{at:%Y-%m-%d %H:%M:%S}" + ("" if certified.clock_trusted else "（时钟未校准）")),
        Field("服务点", rules.point_name),
        Field("记录编号", certified.record_id),
        Rule(),
        QRCode(f"{rules.verify_url}/v/{certified.record_id}/{certified.record_hash[:_HASH_SHOWN]}"),
        Text("扫码核验本次认证记录", align=Align.CENTRE),
        Text(f"监督电话 {rules.supervision_phone}", align=Align.CENTRE),
    ]
    return Slip(tuple(elements))
