"""What the county's pages call things, in Chinese."""

from services.northbound.messages import DeviceHealth, Method

KINDS = {
    "pension.certification": "养老认证",
    "pension.enrolment": "指纹登记",
    "pension.home_visit_request": "申请上门",
    "alarm": "告警",
}
METHODS = {Method.FINGER: "指纹认证", Method.ATTESTED: "窗口人工认证", Method.HOME_VISIT: "上门认证"}
HEALTH = {DeviceHealth.READY: "正常", DeviceHealth.DEGRADED: "不能工作", DeviceHealth.ABSENT: "未连接"}
_SOURCES = {
    "fingerprint": "指纹仪",
    "receipt_printer": "凭条打印机",
    "printer": "打印机",
    "scanner": "扫描仪",
    "county": "与县级平台的连接",
}
_FAULTS = {
    "not_found": "找不到设备",
    "unplugged": "设备被拔出",
    "busy": "设备被占用",
    "offline": "设备未就绪",
    "access_denied": "无权访问",
    "silent": "没有应答",
    "truncated": "应答不完整",
    "bad_header": "应答无法识别",
    "bad_checksum": "应答校验错误",
    "bad_reply": "应答与请求不符",
    "unsupported": "设备不支持",
    "refused": "被拒绝",
    "no_finger": "没有手指",
    "poor_image": "指纹图像不清",
    "too_few_features": "指纹特征太少",
    "impressions_differ": "几次按压不一致",
    "no_room": "指纹库已满",
    "bad_slot": "指纹库位置无效",
    "bad_template": "指纹模板无效",
    "storage_failed": "设备存储故障",
    "sensor_failed": "传感器故障",
    "paper_out": "缺纸",
    "paper_low": "纸快用完",
    "cover_open": "盖子打开",
    "cutter_jam": "切刀卡住",
    "overheated": "过热",
    "unprintable": "内容无法打印",
    "cancelled": "已取消",
    "publish_refused": "消息服务拒收",
    "receipt_invalid": "回执不可信",
}


def source(name: str) -> str:
    """What an alarm or a device is about; a record is named by its number."""
    if name.startswith("record/"):
        return f"第 {name.removeprefix('record/')} 号记录"
    return _SOURCES.get(name, name)


def fault(name: str) -> str:
    """What is wrong; a fault of a newer point keeps its own name."""
    return _FAULTS.get(name, name)
