// SPDX-License-Identifier: MIT
// What the pages do beyond being read: the theme, the search, and copying code.
"use strict";
const root = document.documentElement;
document.querySelector(".theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch (e) { /* not kept, then */ }
});

const input = document.querySelector(".search input");
const found = document.querySelector(".found");
let chosen = -1;

// Every word is to be there; a title counts more than a text, its beginning more than its middle.
function rank(words, title, text) {
  let points = 0;
  for (const word of words) {
    const at = title.indexOf(word);
    if (at === 0) points += 40 - Math.min(20, title.length - word.length);
    else if (at > 0) points += 12;
    else if (text.includes(word)) points += 1;
    else return 0;
  }
  return points;
}

function escapeHtml(s) {
  return s.replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

function excerpt(text, word) {
  const at = Math.max(0, text.toLowerCase().indexOf(word));
  const from = Math.max(0, at - 40);
  const part = text.slice(from, from + 130);
  const marked = escapeHtml(part).replace(new RegExp(word.replace(/[^\w]/g, "\\$&"), "gi"), "<mark>$&</mark>");
  return (from ? "… " : "") + marked;
}

function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(w => w);
  chosen = -1;
  if (!words.length) { found.innerHTML = ""; return; }
  found.innerHTML = SEARCH.map(entry => [rank(words, entry[1].toLowerCase(), entry[2].toLowerCase()), entry])
    .filter(e => e[0]).sort((a, b) => b[0] - a[0]).slice(0, 12)
    .map(([, [url, title, text]]) =>
      `<li><a href="${url}">${escapeHtml(title)}<small>${excerpt(text, words[0])}</small></a></li>`)
    .join("") || "<li><a>Nothing found</a></li>";
}

input.addEventListener("input", search);
input.addEventListener("keydown", event => {
  const items = [...found.children];
  if (event.key === "Escape") { input.value = ""; search(); }
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length;
    items.forEach((item, i) => item.classList.toggle("on", i === chosen));
    event.preventDefault();
  } else if (event.key === "Enter" && items.length) (items[Math.max(0, chosen)].querySelector("a")).click();
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== input) { input.focus(); event.preventDefault(); }
});
document.addEventListener("click", event => { if (!event.target.closest(".search")) found.innerHTML = ""; });

for (const block of document.querySelectorAll(".code")) {
  if (!navigator.clipboard || block.classList.contains("in-text")) continue;
  const button = document.createElement("button");
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
  });
  block.append(button);
}
const here = document.querySelector(".side a.on");
if (here) here.scrollIntoView({ block: "center" });
