// The check button's front end: saves the notebook, tells Python, shows the report.

const CHECK = "M1 6l2-2 2 2 4-5 2 2-6 7z";
const SAVE_MS = 5000; // how long a save may take before the button goes on without it
const LOOK_MS = 100;

/** Whether JupyterLab shows the notebook's tab as changed; null where it cannot be told. */
function isDirty(panel) {
  const tab = panel?.id ? document.querySelector(`.lm-TabBar-tab[data-id="${panel.id}"]`) : null;
  return tab ? tab.classList.contains("jp-mod-dirty") : null;
}

/** Press JupyterLab's own save button. It listens for one of these two events, not for both. */
function pressSave(panel) {
  const item = panel?.querySelector('.jp-NotebookPanel-toolbar [data-jp-item-name="save"]');
  const button = item?.querySelector("jp-button, button");
  for (const kind of ["mousedown", "click"]) {
    button?.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true, button: 0 }));
  }
  return Boolean(button);
}

async function save(element) {
  const panel = element.closest(".jp-NotebookPanel");
  if (!pressSave(panel)) return false;
  const deadline = Date.now() + SAVE_MS;
  do {
    await new Promise((done) => setTimeout(done, LOOK_MS));
  } while (isDirty(panel) && Date.now() < deadline);
  return !isDirty(panel);
}

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("check", "Check of this notebook");
    const note = make("span", { class: "wl-where" });
    const progress = make("div", { class: "wl-progress", role: "status" });
    const result = make("div", { class: "wl-result", "aria-live": "polite" });
    const began = { at: 0, timer: null };

    const press = async () => {
      button.enable(false);
      const saved = await save(el);
      model.send({ kind: "press", unsaved: !saved });
    };
    const button = makeButton(model.get("label"), CHECK, "Save the notebook and mark it", press);

    const count = () => {
      const seconds = Math.round((Date.now() - began.at) / 1000);
      progress.textContent = `${model.get("busy_label")} (${seconds} s)`;
    };
    const stop = () => {
      clearInterval(began.timer);
      began.timer = null;
      progress.textContent = "";
    };

    root.append(make("div", { class: "wl-bar" }, button, note), progress, result);
    el.append(root);
    follow("note", () => (note.textContent = model.get("note")));
    follow("result", () => (result.innerHTML = model.get("result")));
    follow("busy", () => {
      button.enable(!model.get("busy"));
      stop();
      if (!model.get("busy")) return;
      began.at = Date.now();
      began.timer = setInterval(count, 1000);
      count();
    });
    return () => {
      stop();
      follow.end();
    };
  },
};
