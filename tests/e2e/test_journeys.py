"""What residents and clerks do on the screen, from the first touch to the slip, in a real browser."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers.contracts.errors import Fault
from services.certification.views import Step
from tests.e2e.conftest import MEASURE, context, picture
from tests.e2e.stage import Stage
from tests.support.certification import identity_number

NUMBER = identity_number()
PINS = {"甲乙丙": "284615", "丁戊己": "739152"}


@pytest.fixture
def enrolled(staged: Stage) -> Stage:
    staged.point.enrol("张三丰", NUMBER)
    return staged


def title(page: Page, text: str) -> None:
    expect(page.locator("h1")).to_have_text(text)


def press(page: Page, text: str) -> None:
    page.get_by_role("button", name=text, exact=True).or_(page.get_by_role("link", name=text, exact=True)).click()


def type_in(page: Page, digits: str) -> None:
    for digit in digits:
        page.locator(f'[data-key="{digit}"]').click()
    press(page, "确定")


def prove(page: Page, name: str) -> None:
    page.get_by_role("link", name=re.compile(name)).click()
    title(page, "请输入您的密码")
    type_in(page, PINS[name])


def to_finger(page: Page) -> None:
    press(page, "开始认证")
    title(page, "您同意用指纹认证吗？")
    press(page, "同意")
    title(page, "请把手指放在指纹仪上")


def test_a_finger_a_name_and_a_slip(enrolled: Stage, opened: Page) -> None:
    enrolled.point.printer.gate.clear()
    press(opened, "开始认证")
    press(opened, "同意")
    title(opened, "请把手指放在指纹仪上")
    picture(opened, "place-finger")
    enrolled.point.touches.put("index")
    title(opened, "请看一看，这是您吗？")
    expect(opened.locator(".person")).to_contain_text("张**")
    assert NUMBER not in opened.content()
    assert "张三丰" not in opened.content()
    press(opened, "是我")
    title(opened, "认证成功")
    expect(opened.locator(".lead")).to_have_text("凭条正在打印，请稍等。")
    picture(opened, "certified")
    enrolled.point.printer.gate.set()
    expect(opened.locator(".lead")).to_have_text("请拿好您的凭条。")
    press(opened, "好了，结束")
    title(opened, "养老金资格认证")
    assert enrolled.point.visits.view() is None


def test_a_touch_anywhere_begins(opened: Page) -> None:
    opened.locator("h1").click()
    title(opened, "您同意用指纹认证吗？")


def test_who_does_not_agree_leaves_nothing_behind(enrolled: Stage, opened: Page) -> None:
    press(opened, "开始认证")
    press(opened, "不同意")
    title(opened, "已经结束")
    assert enrolled.point.rows("SELECT * FROM visit") == []


def test_already_certified_is_a_kind_answer_and_the_slip_can_be_had_again(enrolled: Stage, opened: Page) -> None:
    view = enrolled.point.certify()
    enrolled.point.visits.leave(view.visit_id)
    to_finger(opened)
    enrolled.point.touches.put("index")
    press(opened, "是我")
    title(opened, "您今年已经认证过了")
    expect(opened.locator(".person")).to_contain_text("2026年3月2日")
    press(opened, "补打凭条")
    expect(opened.locator(".lead")).to_have_text("请拿好您的凭条。")
    assert len(enrolled.point.rows("SELECT id FROM certification")) == 1


@pytest.mark.parametrize(
    ("fault", "words"), [(Fault.PAPER_OUT, "纸用完了"), (Fault.COVER_OPEN, "盖子没盖好"), (Fault.OFFLINE, "没有应答")]
)
def test_a_slip_that_does_not_print_is_said_and_can_be_printed_later(
    enrolled: Stage, opened: Page, fault: Fault, words: str
) -> None:
    enrolled.point.printer.fault = fault
    to_finger(opened)
    enrolled.point.touches.put("index")
    press(opened, "是我")
    title(opened, "认证成功")
    expect(opened.locator(".lead")).to_contain_text(words)
    expect(opened.locator(".lead")).to_contain_text("认证已经保存好")
    enrolled.point.printer.fault = None
    press(opened, "补打凭条")
    expect(opened.locator(".lead")).to_have_text("请拿好您的凭条。")
    assert enrolled.point.printer.slips


def test_a_finger_that_is_not_known_leads_to_the_number(enrolled: Stage, opened: Page) -> None:
    to_finger(opened)
    for _ in range(2):
        enrolled.point.touches.put("stranger")
        title(opened, "请再试一次")
        expect(opened.locator(".lead").first).to_have_text("这个手指没有认出来，不是您的错。")
        press(opened, "再试一次")
        title(opened, "请把手指放在指纹仪上")
    enrolled.point.touches.put("stranger")
    title(opened, "请输入身份证号码")
    type_in(opened, "50023619500307001")
    expect(opened.locator(".lead")).to_contain_text("十八位")
    expect(opened.locator("input.entered")).to_have_value("500236 1950 0307 001")
    opened.locator(f'[data-key="{NUMBER[-1]}"]').click()
    press(opened, "确定")
    title(opened, "请放右手拇指")
    enrolled.point.touches.put("thumb")
    title(opened, "认证成功")


def _to_clerk(staged: Stage, page: Page) -> None:
    to_finger(page)
    press(page, "请办事员帮忙")
    title(page, "请办事员来帮忙")
    press(page, "输入身份证号码")
    type_in(page, NUMBER)
    title(page, "请办事员来帮忙")
    expect(page.locator(".person")).to_contain_text("张**")


def test_two_clerks_vouch_where_no_finger_can(enrolled: Stage, opened: Page) -> None:
    _to_clerk(enrolled, opened)
    press(opened, "办事员人工认证")
    prove(opened, "甲乙丙")
    title(opened, "为什么不能用指纹？")
    press(opened, "指纹磨平了，认不出来")
    title(opened, "请另一位办事员确认")
    press(opened, "另一位办事员登录")
    expect(opened.locator("main a")).to_have_count(1)
    prove(opened, "丁戊己")
    title(opened, "认证成功")
    row = enrolled.point.rows("SELECT method, review_required FROM certification")
    assert row == [{"method": "attested", "review_required": 1}]


def test_a_reason_of_a_clerk_s_own_has_to_say_something(enrolled: Stage, opened: Page) -> None:
    _to_clerk(enrolled, opened)
    press(opened, "申请上门认证")
    prove(opened, "甲乙丙")
    press(opened, "其他原因")
    press(opened, "确定")
    expect(opened.locator(".lead")).to_have_text("原因要写两个字以上。请重新输入。")
    opened.locator("input.entered").fill("腿脚不便")
    press(opened, "确定")
    title(opened, "上门认证已经登记好了")
    assert enrolled.point.services.home_visits.open_requests()[0].reason == "腿脚不便"


def test_a_wrong_pin_says_how_often_one_may_try_and_five_lock(staged: Stage, opened: Page) -> None:
    press(opened, "办事员入口")
    opened.get_by_role("link", name=re.compile("甲乙丙")).click()
    for left in (4, 3, 2, 1):
        type_in(opened, "111222")
        expect(opened.locator(".words")).to_contain_text(f"还可以输 {left} 次")
    type_in(opened, "111222")
    expect(opened.locator(".words")).to_contain_text("暂时锁住了")
    expect(opened.locator(".words")).to_contain_text("09:45 以后再试")
    type_in(opened, PINS["甲乙丙"])
    expect(opened.locator(".words")).to_contain_text("暂时锁住了")


def _sign_in(page: Page) -> None:
    press(page, "办事员入口")
    prove(page, "甲乙丙")
    title(page, "办事员")


def test_a_clerk_enrols_a_resident(staged: Stage, opened: Page) -> None:
    _sign_in(opened)
    picture(opened, "clerk")
    press(opened, "登记指纹")
    title(opened, "给谁登记指纹？")
    opened.locator("input.entered").fill("X")
    press(opened, "确定")
    expect(opened.locator(".lead")).to_have_text("姓名要写两个以上的汉字。请重新输入。")
    opened.locator("input.entered").fill("阿依古丽·买买提")
    press(opened, "确定")
    title(opened, "请输入他的身份证号码")
    type_in(opened, NUMBER)
    title(opened, "您同意登记指纹吗？")
    press(opened, "同意")
    for hand, finger, name in (("右手", "右手拇指", "thumb"), ("左手", "左手食指", "other")):
        title(opened, "请选择一只手")
        press(opened, hand)
        press(opened, finger)
        for count in range(1, 4):
            expect(opened.locator(".words")).to_contain_text(f"第 {count} 次")
            if (count, name) == (2, "thumb"):
                picture(opened, "enrolment-thumb")
            staged.point.touches.put(name)
    title(opened, "手指够了，可以完成登记")
    press(opened, "完成登记")
    title(opened, "登记成功")
    press(opened, "现在试一次认证")
    title(opened, "您同意用指纹认证吗？")
    assert len(staged.point.rows("SELECT id FROM finger")) == 2


def test_a_name_is_written_by_touch_alone(staged: Stage, opened: Page) -> None:
    _sign_in(opened)
    press(opened, "登记指纹")
    for syllable, character in (("zhang", "张"), ("lv", "绿"), ("yao", "峣")):
        for letter in syllable:
            opened.locator(f'[data-letter="{letter}"]').click()
        expect(opened.locator("[data-sound]")).to_have_text(syllable)
        wanted = opened.locator(f'[data-character="{character}"]')
        opened.locator("[data-character]").first.wait_for()
        while wanted.count() == 0:
            opened.locator('[data-character="more"]').click()
        if syllable == "zhang":
            assert opened.evaluate(MEASURE) == []
            picture(opened, "name")
        wanted.click()
        expect(opened.locator("[data-sound]")).to_have_text("")
    expect(opened.locator("input.entered")).to_have_value("张绿峣")
    opened.locator('[data-letter="delete"]').click()
    press(opened, "确定")
    title(opened, "请输入他的身份证号码")


def test_a_clerk_asks_for_a_home_visit_and_two_finish_it(staged: Stage, opened: Page) -> None:
    _sign_in(opened)
    press(opened, "上门认证")
    press(opened, "新的申请")
    opened.locator("input.entered").fill("张三丰")
    press(opened, "确定")
    type_in(opened, NUMBER)
    press(opened, "行动不便，来不了")
    title(opened, "申请已经登记好了")
    press(opened, "知道了")
    opened.locator("a.row").click()
    title(opened, "办结上门认证")
    opened.get_by_role("link", name=re.compile("今天")).click()
    title(opened, "请另一位办事员确认上门")
    prove(opened, "丁戊己")
    title(opened, "上门认证办好了")
    assert staged.point.rows("SELECT method FROM certification") == [{"method": "home_visit"}]


def test_a_clerk_changes_the_pin(staged: Stage, opened: Page) -> None:
    _sign_in(opened)
    press(opened, "修改密码")
    type_in(opened, "123456")
    expect(opened.locator(".lead")).to_contain_text("太容易猜到")
    type_in(opened, "582047")
    title(opened, "请把新密码再输入一次")
    type_in(opened, "582047")
    title(opened, "密码已经改好了")
    clerk = staged.point.two_clerks()[0]
    assert staged.point.clerks.sign_in(clerk.clerk_id, "582047") == clerk


def test_a_doubtful_date_is_confirmed_by_a_clerk_and_the_visit_goes_on(enrolled: Stage, opened: Page) -> None:
    enrolled.clock.synchronised = False
    enrolled.clock.wall = datetime(2029, 5, 1, 2, 0, tzinfo=UTC)
    press(opened, "开始认证")
    title(opened, "请办事员来帮忙")
    expect(opened.locator(".lead")).to_have_text("机器的日期可能不对，要请办事员先核对。")
    press(opened, "办事员核对日期")
    prove(opened, "甲乙丙")
    expect(opened.locator(".today")).to_have_text("2029年5月1日　星期二")
    press(opened, "日期正确")
    title(opened, "您同意用指纹认证吗？")


def test_figures_and_who_is_outstanding(enrolled: Stage, opened: Page) -> None:
    _sign_in(opened)
    press(opened, "今日和今年")
    expect(opened.locator(".figures")).to_contain_text("今年未认证")
    press(opened, "谁还没有认证")
    expect(opened.locator(".rows")).to_contain_text("张**")
    assert NUMBER not in opened.content()


def test_a_plug_that_is_pulled_reaches_the_screen_and_one_that_comes_back_goes_on(
    enrolled: Stage, opened: Page
) -> None:
    to_finger(opened)
    enrolled.point.plugged = False
    enrolled.point.reader.fault = Fault.UNPLUGGED
    title(opened, "指纹仪现在不能用")
    expect(opened.locator(".lead")).to_contain_text("插紧数据线")
    enrolled.point.reader.fault = None
    enrolled.point.plugged = True
    enrolled.point.reader_handle.wake()
    title(opened, "请把手指放在指纹仪上")


def test_back_leads_one_step_back_and_a_second_tap_does_nothing(enrolled: Stage, opened: Page) -> None:
    to_finger(opened)
    form = opened.evaluate("() => new URLSearchParams(new FormData(document.querySelector('.bar form'))).toString()")
    opened.locator("[data-nav=back]").click()
    title(opened, "您同意用指纹认证吗？")
    visit = enrolled.point.visits.view()
    again = opened.request.post(
        f"{enrolled.url}/visit/back", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert "您同意用指纹认证吗？" in again.text()
    assert enrolled.point.visits.view() == visit
    opened.locator("[data-nav=back]").click()
    title(opened, "养老金资格认证")


def test_two_taps_at_once_begin_one_visit_and_consent_once(enrolled: Stage, opened: Page) -> None:
    opened.get_by_role("button", name="开始认证").dblclick()
    title(opened, "您同意用指纹认证吗？")
    opened.get_by_role("button", name="同意", exact=True).dblclick()
    title(opened, "请把手指放在指纹仪上")
    assert len(enrolled.point.rows("SELECT id FROM visit")) == 1


def test_a_reload_shows_the_visit_and_another_browser_does_not(enrolled: Stage, opened: Page, browser: Browser) -> None:
    to_finger(opened)
    opened.reload()
    title(opened, "请把手指放在指纹仪上")
    there = context(browser)
    other = there.new_page()
    other.goto(enrolled.url)
    title(other, "养老金资格认证")
    press(other, "开始认证")
    expect(other.locator(".notice")).to_contain_text("现在有人正在使用")
    view = enrolled.point.visits.view()
    assert view is not None
    csrf = other.locator("#screen").get_attribute("data-csrf") or ""
    other.request.post(
        f"{enrolled.url}/visit/call_clerk", form={"csrf": csrf, "visit": view.visit_id, "step": view.step}
    )
    assert enrolled.point.visits.view() == view
    there.close()


def test_forms_work_without_scripts(enrolled: Stage, browser: Browser) -> None:
    there = context(browser, scripts=False)
    page = there.new_page()
    page.goto(enrolled.url)
    to_finger(page)
    enrolled.point.touch("index", Step.CONFIRM_PERSON)
    page.goto(enrolled.url)
    press(page, "是我")
    title(page, "认证成功")
    there.close()


def test_a_screen_that_loses_its_server_says_so_and_comes_back(enrolled: Stage, opened: Page) -> None:
    to_finger(opened)
    opened.route("**/*", lambda route: route.abort())
    enrolled.screen.front.hub.count("session")
    expect(opened.locator("#trouble")).to_be_visible()
    enrolled.point.touches.put("index")
    opened.unroute("**/*")
    title(opened, "请看一看，这是您吗？")
    expect(opened.locator("#trouble")).not_to_be_visible()
