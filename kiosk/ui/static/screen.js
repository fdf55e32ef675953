// What the pages cannot do by themselves: follow news, speak, notice that nobody is there, and type on a keypad.
"use strict";
(() => {
  const TOPICS = ["visit", "enrolment", "point", "session"];
  const POLL_MS = 2000;
  const screen = () => document.getElementById("screen");
  const news = new Map(); // the newest revision of every topic that was not looked at yet
  let following = false;

  // --- news: the page is fetched anew when there is something that it does not show yet
  function isNews(topic, revision) {
    const [shown, epoch] = screen().dataset.stamp.split("~");
    if (topic === "session") return revision !== epoch;
    if (topic !== screen().dataset.follows) return false;
    const [holder, count] = revision.split("."), [shownHolder, shownCount] = shown.split(".");
    return holder !== shownHolder || (count === undefined ? revision !== shown : Number(count) > Number(shownCount));
  }
  function look() {
    if ([...news].some(([topic, revision]) => isNews(topic, revision))) htmx.trigger("#follow", "news");
  }
  const sources = new WeakSet();
  let poll = 0, misses = 0;
  document.addEventListener("htmx:sseOpen", (event) => {
    recovered();
    const source = event.detail.source;
    if (sources.has(source)) return;
    sources.add(source);
    for (const topic of TOPICS) source.addEventListener(topic, (message) => { news.set(topic, message.data); look(); });
  });
  document.addEventListener("htmx:sseError", () => { poll ||= setInterval(() => htmx.trigger("#follow", "news"), POLL_MS); });
  function recovered() { clearInterval(poll); poll = 0; reached(); }
  function reached() { misses = 0; const box = document.getElementById("trouble"); if (box.open) box.close(); }
  document.addEventListener("htmx:sendError", () => {
    misses += 1;
    const box = document.getElementById("trouble");
    if (!box.open) { box.showModal(); speak(box.dataset.voice); }
    poll ||= setInterval(() => htmx.trigger("#follow", "news"), POLL_MS);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "follow") event.detail.headers.Follow = screen().dataset.stamp;
  });
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.id === "follow") news.clear(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr && event.detail.xhr.status) reached();
    setTimeout(look, 0); // what came while this request was under way; htmx lets go of it only after this event
  });
  document.addEventListener("htmx:beforeSwap", (event) => { following = event.detail.requestConfig && event.detail.requestConfig.elt.id === "follow"; });
  document.addEventListener("htmx:afterSwap", () => enter(following));

  // --- voice: what the title says, then what is below it; a file that is missing is silence
  let spoken = "", player = new Audio(), queue = [];
  function speak(files) {
    queue = files ? files.split(" ") : [];
    next();
  }
  function next() {
    player.pause();
    const file = queue.shift();
    if (!file) return;
    player = new Audio(file);
    player.addEventListener("ended", next, { once: true });
    player.addEventListener("error", next, { once: true });
    player.play().catch(() => {});
  }

  // --- entering a page
  function enter(again) {
    const page = screen();
    if (!again || page.dataset.voice !== spoken) { spoken = page.dataset.voice; speak(spoken); }
    const field = page.querySelector("input.entered");
    if (field) { group(field); field.focus({ preventScroll: true }); }
    else if (!again) page.querySelector("h1").focus({ preventScroll: true });
    sound = "";
    watch(Number(page.dataset.idleIn) * 1000);
    tick();
  }

  // --- nobody there: a question, a countdown, and then nothing personal is left; the server keeps the same time
  const idle = document.getElementById("idle");
  let warning = 0, countdown = 0;
  function watch(milliseconds) {
    clearTimeout(warning);
    if (screen().dataset.occupied === "1") warning = setTimeout(warn, milliseconds);
    else stay();
  }
  function warn() {
    const seconds = Number(screen().dataset.idleCountdown), end = Date.now() + seconds * 1000;
    if (!idle.open) idle.showModal();
    speak(idle.dataset.voice);
    clearInterval(countdown);
    const show = () => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      document.getElementById("idle-left").textContent = left;
      document.getElementById("idle-ring").setAttribute("stroke-dasharray", `${(100 * left) / seconds} 100`);
      if (left === 0) leave();
    };
    show();
    countdown = setInterval(show, 250);
  }
  function stay() { clearInterval(countdown); if (idle.open) idle.close(); }
  function leave() {
    stay();
    clearTimeout(warning);
    const page = screen(), values = { csrf: page.dataset.csrf };
    speak("");
    page.querySelector("main").replaceChildren();
    htmx.ajax("POST", "/exit", { target: "#screen", swap: "outerHTML", values });
  }
  let telling = false, untold = false;
  function awake() {
    if (screen().dataset.occupied !== "1") return;
    watch(patience);
    if (telling) { untold = true; return; }
    telling = true;
    fetch("/awake", { method: "POST", body: new URLSearchParams({ csrf: screen().dataset.csrf }) })
      .catch(() => {})
      .finally(() => { telling = false; if (untold) { untold = false; awake(); } });
  }
  const patience = Number(screen().dataset.idlePatience) * 1000;
  document.addEventListener("pointerdown", () => { if (!idle.open) awake(); });
  document.addEventListener("keydown", () => { if (!idle.open) awake(); });
  idle.addEventListener("cancel", (event) => { event.preventDefault(); stay(); awake(); });
  idle.addEventListener("click", (event) => {
    if (event.target.closest("#idle-leave")) leave();
    else if (event.target.closest("#idle-replay")) speak(idle.dataset.voice);
    else { stay(); awake(); }
  });

  // --- touches
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-nav=replay]")) speak(screen().dataset.voice);
    const key = event.target.closest("[data-key]");
    const letter = event.target.closest("[data-letter], [data-character]");
    if (key) type(key);
    else if (letter) write(letter);
    else if (event.detail > 1) { event.preventDefault(); event.stopPropagation(); } // a trembling second tap
    else if (event.target.closest("[data-start]") && !event.target.closest("a, button")) screen().querySelector("[data-start] form").requestSubmit();
  }, true);
  function type(key) {
    const field = key.closest("form").querySelector("input.entered"), value = field.value.replaceAll(" ", "");
    if (key.dataset.key === "delete") field.value = value.slice(0, -1);
    else if (key.dataset.key === "clear") field.value = "";
    else if (value.length < (field.dataset.group ? 18 : field.maxLength)) field.value = value + key.dataset.key;
    group(field);
  }
  function group(field) {
    if (field.dataset.group) field.value = field.value.replaceAll(" ", "").replace(/^(.{6})(.)/, "$1 $2").replace(/^(.{11})(.)/, "$1 $2").replace(/^(.{16})(.)/, "$1 $2");
  }
  document.addEventListener("input", (event) => { if (event.target.dataset.group) group(event.target); });
  document.addEventListener("contextmenu", (event) => event.preventDefault());

  // --- writing by sound: the letters of a syllable, and the characters that the server knows for it
  let sound = "", found = [], first = 0;
  function write(key) {
    const field = screen().querySelector("input.entered"), { letter, character } = key.dataset;
    if (character === "more") { first = first + perRow() < found.length ? first + perRow() : 0; offer(); return; }
    if (character) { field.value += character; sound = ""; }
    else if (letter === "delete") { if (sound) sound = sound.slice(0, -1); else field.value = [...field.value].slice(0, -1).join(""); }
    else if (letter === "·") { field.value += letter; sound = ""; }
    else if (sound.length < 6) sound += letter;
    find();
  }
  async function find() {
    const wanted = sound;
    let characters = "";
    try { characters = wanted ? await (await fetch(`/pinyin?sound=${wanted}`)).text() : ""; } catch { /* the next letter asks again */ }
    if (wanted === sound) { found = [...characters]; first = 0; offer(); }
  }
  const perRow = () => Math.max(1, Math.floor((screen().querySelector("[data-candidates]").clientWidth - 320) / 120));
  function offer() {
    const row = screen().querySelector("[data-candidates]"), shown = row.querySelector("[data-sound]");
    shown.textContent = sound;
    row.querySelectorAll("button").forEach((button) => button.remove());
    const button = (text, character) => {
      const made = document.createElement("button");
      made.type = "button"; made.className = "key"; made.textContent = text; made.dataset.character = character;
      row.append(made);
      return made;
    };
    for (const character of found.slice(first, first + perRow())) button(character, character);
    if (found.length > perRow()) button("更多", "more").classList.add("more", "key-word");
  }

  // --- the time of day, and no page kept behind this one
  function tick() {
    const now = new Date();
    screen().querySelector("[data-clock]").textContent = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false }).format(now);
    screen().querySelector("[data-date]").textContent = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric" }).format(now);
  }
  setInterval(tick, 10000);
  window.addEventListener("pagehide", () => screen().replaceChildren());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  enter(false);
})();
