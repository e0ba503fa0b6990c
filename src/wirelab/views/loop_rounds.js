// The event loop's front end: one round at a time, by buttons, arrow keys, or a click on a column.

const SHAPES = { back: "M9 1v10L2 6z", on: "M3 1v10l7-5z", first: "M2 1h2v10H2zM11 1v10L5 6z" };

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("rounds", "Rounds of an event loop");
    const stage = make("div", { class: "wl-stage", tabindex: "0", "aria-label": "Rounds; arrow keys step" });
    const note = make("div", { class: "wl-note", "aria-live": "polite" });
    const where = make("span", { class: "wl-where" });
    const last = () => model.get("notes").length - 1;
    const go = (position) => {
      model.set("position", Math.max(0, Math.min(last(), position)));
      model.save_changes();
    };
    const step = (by) => go(model.get("position") + by);
    const first = makeButton("First", SHAPES.first, "Back to the first round", () => go(0));
    const back = makeButton("Back", SHAPES.back, "The round before", () => step(-1));
    const on = makeButton("Next", SHAPES.on, "The next round", () => step(1));

    const show = () => {
      const position = model.get("position");
      for (const column of stage.querySelectorAll("[data-round]")) {
        const number = Number(column.dataset.round);
        column.classList.toggle("wl-now", number === position);
        column.classList.toggle("wl-later", number > position);
        if (number === position) column.scrollIntoView?.({ block: "nearest", inline: "nearest" });
      }
      note.replaceChildren(make("p", {}, model.get("notes")[position] || ""));
      where.textContent = `round ${position + 1} of ${last() + 1}`;
      first.enable(position > 0);
      back.enable(position > 0);
      on.enable(position < last());
    };
    const draw = () => {
      stage.innerHTML = model.get("drawing");
      for (const column of stage.querySelectorAll("[data-round]"))
        column.addEventListener("click", () => go(Number(column.dataset.round)));
      show();
    };
    stage.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      step(by);
    });

    root.append(stage, make("div", { class: "wl-bar" }, first, back, on, where), note, makeAlternative(model, follow));
    el.append(root);
    follow("drawing", draw);
    follow("position", show);
    return () => follow.end();
  },
};
