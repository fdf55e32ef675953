// Measures what is on the screen; returns everything that does not hold, in words.
() => {
  const wrong = [];
  const say = (element, text) => wrong.push(`${text}: <${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> ${(element.textContent || "").trim().slice(0, 30)}`);
  const shown = (element) => element.checkVisibility({ checkVisibilityCSS: true }) && element.getClientRects().length > 0;
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    if (node.textContent.trim() && shown(node.parentElement)) texts.push(node);

  const light = (channel) => (channel /= 255) <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => { const all = colour.match(/[\d.]+/g).map(Number); return all.length === 3 ? [...all, 1] : all; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
      if (colour[3] > 0) return null; // half transparent: nothing here may be
    }
    return [255, 255, 255, 1];
  };

  for (const node of texts) {
    const element = node.parentElement, style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const svg = element.closest("svg");
    const least = element.closest("h1, h2") ? 48 : element.closest("button, .button") ? 36 : 28;
    if (size < least) say(element, `text of ${size} px`);
    if (!svg && parseFloat(style.lineHeight) < size * 1.5 - 0.1) say(element, `line height ${style.lineHeight} of ${size} px`);
    const behind = ground(svg ? svg.parentElement : element);
    if (!behind) { say(element, "half transparent ground"); continue; }
    const [a, b] = [luminance(numbers(svg ? style.fill : style.color)), luminance(behind)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 7) say(element, `contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
    if (Number(style.opacity) < 1) say(element, "faded");
    const range = document.createRange();
    range.selectNodeContents(node);
    let shortened = element; // with dots at its end, on purpose
    while (shortened && getComputedStyle(shortened).textOverflow !== "ellipsis") shortened = shortened.parentElement;
    for (const box of shortened ? shortened.getClientRects() : range.getClientRects()) {
      if (box.right > innerWidth + 0.5 || box.left < -0.5 || box.bottom > innerHeight + 0.5 || box.top < -0.5) say(element, "text outside the screen");
      for (let at = element; at && at !== document.body; at = at.parentElement) {
        const clip = getComputedStyle(at), around = at.getBoundingClientRect();
        if (clip.overflowX !== "visible" && at !== shortened && (box.bottom > around.bottom + 1 || box.top < around.top - 1 || box.right > around.right + 1)) { say(element, "text cut off"); break; }
      }
      const target = element.closest("button, .button");
      if (target && (box.right > target.getBoundingClientRect().right + 1 || box.bottom > target.getBoundingClientRect().bottom + 1)) say(element, "text outside its button");
    }
  }

  const dialog = document.querySelector("dialog[open]");
  const targets = [...(dialog || document).querySelectorAll("a[href], button, input:not([type=hidden])")].filter(shown);
  for (const target of targets) {
    const box = target.getBoundingClientRect();
    const least = target.closest("nav, .door, .paging") || target.matches("input.entered") ? 60 : 88;
    if (box.height < least - 0.5 || box.width < least - 0.5) say(target, `target of ${box.width} x ${box.height}`);
    if (box.bottom > innerHeight + 0.5 || box.right > innerWidth + 0.5 || box.top < 0 || box.left < 0) say(target, "target outside the screen");
  }
  for (let i = 0; i < targets.length; i++)
    for (let j = i + 1; j < targets.length; j++) {
      const a = targets[i].getBoundingClientRect(), b = targets[j].getBoundingClientRect();
      const x = Math.max(a.left - b.right, b.left - a.right), y = Math.max(a.top - b.bottom, b.top - a.bottom);
      if (Math.max(x, y) < 15.5) say(targets[i], `gap of ${Math.max(x, y)} to ${targets[j].textContent.trim().slice(0, 12)}`);
    }
  for (const [a, b] of [[".top", "main"], ["main", "nav.bar"]]) {
    const upper = document.querySelector(a).getBoundingClientRect(), lower = document.querySelector(b).getBoundingClientRect();
    if (upper.bottom > lower.top + 1) wrong.push(`${a} lies over ${b}`);
  }

  const main = document.querySelector("main");
  const choices = [...main.querySelectorAll("a[href], button")].filter((element) => shown(element) && !element.closest(".keypad"));
  if (choices.length > 6) wrong.push(`${choices.length} choices`);
  for (const element of [document.documentElement, document.body, main, ...main.querySelectorAll("section")])
    if (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1) say(element, `scrolls: ${element.scrollWidth} x ${element.scrollHeight} in ${element.clientWidth} x ${element.clientHeight}`);
  for (const way of ["back", "replay", "exit"]) {
    const found = document.querySelectorAll(`[data-nav=${way}]`);
    if (found.length !== 1 || !shown(found[0])) wrong.push(`no ${way}`);
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one title");
  if (!document.getElementById("screen").dataset.voice) wrong.push("nothing is spoken");
  return wrong;
}
