"""Slips to print in tests, with made-up content."""

from drivers.contracts.printer import Align, Field, QRCode, Rule, Slip, Text

VERIFY = "https://county.example/verify/v/01934d2e-7c5a-7abc-8def-0123456789ab/0123456789abcdef"

#: What a certification prints, and a line that shows the yen.
CERTIFICATION = Slip(
    (
        Text("养老金资格认证回执", align=Align.CENTRE, large=True, bold=True),
        Rule(),
        Field("姓名", "样**"),
        Field("证件号码", "512***********0010"),
        Field("认证方式", "工作人员见证（待县级复核）"),
        Field("有效期至", "2026年12月31日"),
        Field("记录编号", "01934d2e-7c5a-7abc-8def-0123456789ab"),
        Field("月养老金", "¥128.50"),
        Rule(),
        QRCode(VERIFY),
        Text("扫码核验本次认证记录", align=Align.CENTRE),
    )
)

#: A slip of one line, to be told apart from others.
SHORT = Slip((Text("第二张"),))
