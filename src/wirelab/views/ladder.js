// The ladder's front end: shows the first `step` arrows of the drawing, moves by button and key.

const SHAPES = {
  first: "M1 1h2v10H1zM11 1v10L4 6z",
  back: "M10 1v10L2 6z",
  next: "M2 1v10l8-5z",
  all: "M1 1v10l7-5zM9 1h2v10H9z",
  play: "M2 1v10l8-5z",
  pause: "M2 1h3v10H2zM7 1h3v10H7z",
};
const PLAY_STEP_MS = 1600;

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
    const where = make("span", { class: "wl-where" });
    const said = make("p", { class: "wl-said" });
    const note = make("p");
    let timer = null;
    let shown = model.get("step"); // what the page shows: an arrow moves only when it is new

    const last = () => model.get("sayings").length - 1;
    const go = (step) => {
      model.set("step", Math.min(Math.max(step, 0), last()));
      model.save_changes();
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      play.show("Play", SHAPES.play);
    };
    const toggle = () => {
      if (timer) return stop();
      if (model.get("step") >= last()) go(0);
      play.show("Pause", SHAPES.pause);
      timer = setInterval(() => {
        go(model.get("step") + 1);
        if (model.get("step") >= last()) stop();
      }, PLAY_STEP_MS);
    };
    const byHand = (step) => () => {
      stop();
      go(step());
    };
    const moves = {
      first: byHand(() => 0),
      back: byHand(() => model.get("step") - 1),
      next: byHand(() => model.get("step") + 1),
      all: byHand(last),
    };
    const first = makeButton("First", SHAPES.first, "Empty the ladder (Home)", moves.first);
    const back = makeButton("Back", SHAPES.back, "One step back (left arrow key)", moves.back);
    const next = makeButton("Next", SHAPES.next, "One step on (right arrow key)", moves.next);
    const all = makeButton("All", SHAPES.all, "Show every step (End)", moves.all);
    const play = makeButton("Play", SHAPES.play, "Play step by step (P)", toggle);

    const keys = {
      Home: moves.first,
      ArrowLeft: moves.back,
      ArrowRight: moves.next,
      End: moves.all,
      p: toggle,
    };
    root.addEventListener("keydown", (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      act();
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
      where.textContent = `Step ${step} of ${last()}`;
      said.textContent = sentence;
      note.textContent = words;
      first.enable(step > 0);
      back.enable(step > 0);
      next.enable(step < last());
      all.enable(step < last());
      play.enable(last() > 0);
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
      make("div", { class: "wl-bar" }, first, back, next, all, play, where),
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
      stop();
      follow.end();
    };
  },
};
