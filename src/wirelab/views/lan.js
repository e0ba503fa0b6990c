// The LAN's front end: shows one scene of the drawing at a time, moves by button and key.

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("lan", "Local network");
    const stage = make("div", {
      class: "wl-stage",
      tabindex: "0",
      role: "group",
      "aria-label": "Network; left and right arrow keys step through the frames, Home and End jump, P plays",
    });
    const said = make("p", { class: "wl-said" });
    const note = make("p");
    let shown = model.get("step"); // what the page shows: an envelope moves only when it is new

    const last = () => model.get("sayings").length - 1;
    const stepper = makeStepper(model, root, last, {
      first: "Before the first frame",
      all: ["Last", "The last frame"],
    });
    const show = () => {
      const step = model.get("step");
      const { said: sentence, note: words } = model.get("sayings")[step] ?? { said: "", note: "" };
      for (const scene of stage.querySelectorAll("[data-step]"))
        scene.classList.toggle("wl-now", Number(scene.dataset.step) === step);
      said.textContent = sentence;
      note.textContent = words;
      stepper.show();
      shown = step;
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
