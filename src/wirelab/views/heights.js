// The three heights' front end: shows the first `step` boxes, lights the current one and its octets.

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("heights", "One exchange at three heights");
    const stage = make("div", {
      class: "wl-stage",
      tabindex: "0",
      role: "group",
      "aria-label": "Exchange; left and right arrow keys step through it, Home and End jump, P plays",
    });
    const said = make("p", { class: "wl-said" });
    const note = make("p");
    const last = () => model.get("sayings").length - 1;
    const stepper = makeStepper(model, root, last, {
      first: "Before the first call",
      all: ["All", "Show every step"],
    });

    const show = () => {
      const step = model.get("step");
      const { said: sentence, note: words } = model.get("sayings")[step] ?? { said: "", note: "" };
      for (const mark of stage.querySelectorAll("[data-step]")) {
        const own = Number(mark.dataset.step);
        mark.classList.toggle("wl-later", own > step);
        mark.classList.toggle("wl-now", own === step && step > 0);
      }
      said.textContent = sentence;
      note.textContent = words;
      stepper.show();
      const mark = stage.querySelector(".wl-now:not([data-place])");
      if (mark && stage.scrollWidth > stage.clientWidth) {
        const box = mark.getBoundingClientRect();
        const view = stage.getBoundingClientRect();
        if (box.right > view.right) stage.scrollLeft += box.right - view.right + 20;
        if (box.left < view.left) stage.scrollLeft -= view.left - box.left + 20;
      }
    };

    root.append(
      stage,
      stepper.bar,
      make("div", { class: "wl-note", "aria-live": "polite" }, said, note),
      makeAlternative(model, follow),
    );
    el.append(root);
    follow("drawing", () => {
      stage.innerHTML = model.get("drawing");
      show();
    });
    follow("step", show);
    return () => {
      stepper.stop();
      follow.end();
    };
  },
};
