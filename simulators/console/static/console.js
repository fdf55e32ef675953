"use strict";

const POLL_MS = 500;
const COMPLAINT_MS = 5000;
const find = (id) => document.getElementById(id);

let fingers = [];        // what /api/residents said
let person = null;
let finger = null;
let resting = false;     // whether the toggle has put a finger on
let shownSlips = [];
let shownWindow = null;
let shownLines = -1;

async function ask(method, path, body) {
  const answer = await fetch(`/api/${path}`, {
    method,
    headers: body === undefined ? {} : {"Content-Type": "application/json"},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function act(method, path, body) {
  try {
    show(await ask(method, path, body));
  } catch (error) {
    complain(error.message);
  }
}

let complaintEnds = 0;
function complain(message) {
  const place = find("complaint");
  place.textContent = message;
  place.hidden = false;
  clearTimeout(complaintEnds);
  complaintEnds = setTimeout(() => { place.hidden = true; }, COMPLAINT_MS);
}

// --- fingers ---------------------------------------------------------------------------------------------------------

function radio(text, checked, choose, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("role", "radio");
  button.setAttribute("aria-checked", String(checked));
  if (label) button.setAttribute("aria-label", label);
  button.addEventListener("click", choose);
  return button;
}

function choosePerson(chosen) {
  person = chosen;
  const same = finger && person.fingers.find((each) => each.name.split("/")[1] === finger.name.split("/")[1]);
  finger = same || person.fingers[0];
  drawHand();
}

function drawHand() {
  find("people").replaceChildren(
    ...fingers.map((each) => radio(each.name, each === person, () => choosePerson(each))));
  const place = find("fingers");
  place.classList.toggle("pictures", person.pictures === true);
  const button = (each) => radio(each.digit, each === finger, () => { finger = each; drawHand(); },
    each.hand ? `${each.hand === "right" ? "右手" : "左手"}${each.digit}` : each.digit);
  if (person.pictures) {
    place.replaceChildren(...person.fingers.map(button));
    return;
  }
  const hand = (name) => person.fingers.filter((each) => each.hand === name);
  const label = (text) => Object.assign(document.createElement("span"), {textContent: text});
  place.replaceChildren(label("右手"), ...hand("right").map(button), label("左手"), ...hand("left").map(button));
}

function place() {
  const impression = find("impression");
  const number = Math.min(999, Math.max(0, Math.trunc(Number(impression.value)) || 0));
  impression.value = find("advance").checked ? (number + 1) % 1000 : number;
  return act("POST", "finger", {finger: finger.name, impression: number, skin: find("skin").value});
}

const lift = () => act("DELETE", "finger");

function holdable(button) {
  let placed = null;  // the finger is lifted only once it lies there, or the two orders could overtake each other
  const down = () => {
    if (placed) return;
    button.classList.add("down");
    placed = place();
  };
  const up = () => {
    if (!placed) return;
    button.classList.remove("down");
    const before = placed;
    placed = null;
    before.then(lift);
  };
  button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); down(); });
  button.addEventListener("pointerup", up);
  button.addEventListener("pointercancel", up);
  button.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); down(); }
  });
  button.addEventListener("keyup", up);
  button.addEventListener("blur", up);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

// --- what is shown -----------------------------------------------------------------------------------------------------

function faultName(select, kind) {
  const option = kind && [...find(select).options].find((each) => each.value === kind);
  return option ? option.textContent : null;
}

function pill(id, text, kind) {
  const place = find(id);
  place.textContent = text;
  place.className = `pill ${kind}`;
}

function onlyWhen(holder, states) {
  for (const button of holder.querySelectorAll("[data-when]")) button.hidden = !states[button.dataset.when];
}

function showReader(reader) {
  find("reader-make").textContent = reader.make;
  const fault = faultName("reader-fault", reader.fault);
  if (!reader.plugged) pill("reader-plug", "已拔掉", "bad");
  else if (fault) pill("reader-plug", `故障：${fault}`, "bad");
  else pill("reader-plug", "正常", "");
  const device = find("device");
  device.className = "device";
  device.classList.toggle("dead", !reader.plugged);
  device.classList.toggle("lit", reader.led.mode !== "off");
  if (["red", "blue"].includes(reader.led.colour)) device.classList.add(reader.led.colour);
  if (reader.finger !== shownWindow) {
    shownWindow = reader.finger;
    find("preview").hidden = reader.finger === null;
    find("empty").hidden = reader.finger !== null;
    if (reader.finger !== null) find("preview").src = `/api/window.png?${encodeURIComponent(reader.finger)}`;
  }
  find("caption").textContent = reader.finger === null ? "" : spoken(reader.finger);
  resting = reader.finger !== null;
  find("toggle").textContent = resting ? "拿开" : "放上不动";
  find("reader-path").textContent = find("reader-path").title = reader.path || "没有";
  find("reader-baud").textContent = `${reader.baud.toLocaleString("zh-CN")} bit/s`;
  const last = reader.last_exchange;
  find("reader-last").textContent = last === null ? "还没有"
    : `${last.operation} → ${last.confirmation === null ? "无应答" : last.confirmation.toString(16).padStart(2, "0") + "h"}`;
  find("reader-led").textContent = reader.led.mode === "off" ? "灭" : "亮";
  const used = reader.used_slots;
  const listed = used.slice(0, 24).join("、") + (used.length > 24 ? " 等" : "");
  find("reader-slots").textContent = `${used.length} / ${reader.capacity}` + (used.length ? `　位置 ${listed}` : "");
  onlyWhen(find("reader-title").closest(".card"), {plugged: reader.plugged, unplugged: !reader.plugged});
}

function spoken(name) {
  const [who, which, number] = name.split("/");
  const owner = fingers.find((each) => each.name === who);
  const found = owner && owner.fingers.find((each) => each.name === `${who}/${which}`);
  return found ? `${who} ${found.hand === "right" ? "右手" : "左手"}${found.digit} 第 ${number} 次` : name;
}

function showPrinter(printer) {
  find("printer-make").textContent = `${printer.make}（${printer.columns === 32 ? "58" : "80"} 毫米纸）`;
  const fault = faultName("printer-fault", printer.fault);
  const troubles = [
    [!printer.plugged, "已拔掉"], [printer.cover_open, "上盖开着"], [!printer.paper, "缺纸"],
    [printer.cutter_error, "切刀卡住"], [printer.overheated, "打印头过热"], [printer.failed, "内部故障"],
  ].filter(([is]) => is).map(([, name]) => name);
  if (troubles.length) pill("printer-state", troubles.join("，"), "bad");
  else if (fault) pill("printer-state", `故障：${fault}`, "bad");
  else if (printer.paper_low) pill("printer-state", "纸快用完", "warn");
  else pill("printer-state", printer.waiting ? "正在打印" : "正常", "");
  find("lamp").className = `lamp ${!printer.plugged ? "off" : printer.online ? "" : "error"}`;
  find("box").classList.toggle("open", printer.cover_open);
  find("printer-url").textContent = find("printer-url").title = printer.url || "没有线路";
  onlyWhen(find("printer-title").closest(".card"), {
    plugged: printer.plugged, unplugged: !printer.plugged,
    paper: printer.paper, "no-paper": !printer.paper,
    closed: !printer.cover_open, open: printer.cover_open,
    enough: printer.paper && !printer.paper_low, low: printer.paper && printer.paper_low,
  });
  showSlips(printer.slips);
  find("strip").hidden = printer.unfinished === "";
  if (printer.lines !== shownLines && printer.unfinished !== "") find("strip-image").src = `/api/strip.png?${printer.lines}`;
  shownLines = printer.lines;
}

function showSlips(numbers) {
  const place = find("slips");
  if (shownSlips.some((number) => !numbers.includes(number)) && numbers.length < shownSlips.length) {
    place.replaceChildren();  // the bench was started anew
    shownSlips = [];
  }
  for (const number of [...numbers].reverse()) {
    if (shownSlips.includes(number)) continue;
    shownSlips.unshift(number);
    const figure = document.createElement("figure");
    figure.className = "fresh";
    const image = document.createElement("img");
    image.src = `/api/slips/${number}.png`;
    image.alt = `第 ${number} 张小票`;
    const caption = document.createElement("figcaption");
    const whole = Object.assign(document.createElement("a"), {href: image.src, textContent: `第 ${number} 张`});
    caption.append(whole);
    figure.append(image, caption);
    place.prepend(figure);
  }
  find("no-slips").hidden = shownSlips.length > 0;
}

function show(state) {
  showReader(state.reader);
  showPrinter(state.printer);
}

async function poll() {
  try {
    show(await ask("GET", "state"));
    find("link-lost").hidden = true;
  } catch {
    find("link-lost").hidden = false;
  }
  setTimeout(poll, POLL_MS);
}

// --- beginning ---------------------------------------------------------------------------------------------------------

async function begin() {
  const known = await ask("GET", "residents");
  fingers = known.residents;
  if (known.pictures.length) {
    fingers.push({name: "图片", pictures: true, fingers: known.pictures.map((name) => ({name, digit: name}))});
  }
  choosePerson(fingers[0]);
  holdable(find("hold"));
  find("toggle").addEventListener("click", () => (resting ? lift() : place()));
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () => act("POST", button.dataset.post));
  }
  find("reader-break").addEventListener("click", () => act("POST", "reader/fault", {kind: find("reader-fault").value}));
  find("printer-break").addEventListener("click", () => {
    const after = Math.max(0, Math.trunc(Number(find("after").value)) || 0);
    act("POST", "printer/fault", {kind: find("printer-fault").value, after});
  });
  poll();
}

begin().catch((error) => complain(error.message));
