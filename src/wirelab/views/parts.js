// Parts that every view's front end uses. It is put before the view's own file, so it exports nothing.

/** Make an element: `make("p", {class: "x", onclick: f}, child, "text")`. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The root of a view. JupyterLab's own shortcuts must not fire while a key is meant for the view. */
function makeRoot(name, label) {
  return make("div", {
    class: `wl-view wl-${name}`,
    role: "group",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true",
  });
}

/** The text alternative, folded, kept up to date. */
function makeAlternative(model, follow) {
  const words = make("pre");
  follow("alternative", () => (words.textContent = model.get("alternative")));
  return make("details", { class: "wl-alternative" }, make("summary", {}, "In words"), words);
}

/** A register of listeners on the model: `follow(trait, f)` calls f now and on every change. */
function makeFollow(model) {
  const kept = [];
  const follow = (trait, react) => {
    model.on(`change:${trait}`, react);
    kept.push([`change:${trait}`, react]);
    react();
  };
  follow.end = () => kept.forEach(([event, react]) => model.off(event, react));
  return follow;
}

/** A button whose focus survives being switched off. */
function makeButton(label, icon, hint, act) {
  const button = make("button", {
    type: "button",
    class: "wl-button",
    title: hint,
    onclick: () => button.getAttribute("aria-disabled") !== "true" && act(),
  });
  button.show = (text, shape) => {
    button.innerHTML = `<svg viewBox="0 0 12 12" aria-hidden="true"><path d="${shape}"/></svg>`;
    button.append(text);
  };
  button.enable = (on) => button.setAttribute("aria-disabled", on ? "false" : "true");
  button.show(label, icon);
  return button;
}
