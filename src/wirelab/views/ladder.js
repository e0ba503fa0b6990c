// The ladder's front end: shows the first `step` arrows of the drawing, moves by button and key.

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("ladder", "Ladder diagram");
    const stage = make("div", {
      class: "wl-stage",
      tabindex: "0",
      role: "group",
      "aria-label": "Diagram; left and right arrow keys step through it, Home and End jump, P plays",
    });
    const said = make("p", { class: "wl-said" });
    const note = make("p");
    let shown = model.get("step"); // what the page shows: an arrow moves only when it is new

    const last = () => model.get("sayings").length - 1;
    const stepper = makeStepper(model, root, last, {
      first: "Empty the ladder",
      all: ["All", "Show every step"],
    });

    const show = () => {
      const step = model.get("step");
      const { said: sentence, note: words } = model.get("sayings")[step] ?? { said: "", note: "" };
      for (const mark of stage.querySelectorAll("[data-step]")) {
        const own = Number(mark.dataset.step);
        mark.classList.toggle("wl-later", own > step);
        mark.classList.toggle("wl-now", own === step && step > 0);
        mark.classList.remove("wl-held");
      }
      for (const side of ["left", "right"]) {
        const tags = [...stage.querySelectorAll(`.wl-state[data-side="${side}"]:not(.wl-later)`)];
        tags.at(-1)?.classList.add("wl-held");
      }
      said.textContent = sentence;
      note.textContent = words;
      stepper.show();
      reveal(step);
      shown = step;
    };
    const reveal = (step) => {
      const mark = stage.querySelector(`.wl-ends[data-step="${step}"]`);
      if (!mark || stage.scrollHeight <= stage.clientHeight) {
        if (step === 0) stage.scrollTop = 0;
        return;
      }
      const box = mark.getBoundingClientRect();
      const view = stage.getBoundingClientRect();
      if (box.bottom > view.bottom - 50) stage.scrollTop += box.bottom - view.bottom + 70;
      if (box.top < view.top + 10) stage.scrollTop += box.top - view.top - 40;
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
    follow("sayings", show);
    follow("step", () => {
      stage.classList.toggle("wl-moving", model.get("step") === shown + 1);
      show();
    });
    return () => {
      stepper.stop();
      follow.end();
    };
  },
};
