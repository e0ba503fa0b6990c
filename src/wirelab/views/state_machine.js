// The state machine's front end: a state that is clicked or focused lists its rows of the table.

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("machine", "State machine");
    const stage = make("div", { class: "wl-stage" });
    const list = make("div", { class: "wl-note", "aria-live": "polite" });

    const select = (state) => {
      model.set("selected", state);
      model.save_changes();
    };
    const stays = (row) => row.next_state === row.state;
    const way = (row) => (stays(row) ? "stay" : `go to ${row.next_state}`);
    const item = (row, own) =>
      make(
        "li",
        {},
        make("strong", {}, row.event),
        row.sends ? `: send ${row.sends}, ` : ": ",
        own ? way(row) : `from ${row.state}`,
        row.rfc ? make("small", {}, row.rfc) : "",
      );
    const section = (title, rows, own) =>
      rows.length ? [make("h4", {}, title), make("ul", {}, ...rows.map((row) => item(row, own)))] : [];

    const describe = () => {
      const state = model.get("selected");
      for (const box of stage.querySelectorAll("[data-state]")) {
        box.classList.toggle("wl-selected", box.dataset.state === state);
        box.setAttribute("aria-pressed", box.dataset.state === state);
      }
      const out = model.get("rows").filter((row) => row.state === state);
      const into = model.get("rows").filter((row) => row.next_state === state && !stays(row));
      list.replaceChildren(
        ...(state
          ? [
              make("p", { class: "wl-chosen" }, state, state === model.get("current") ? " (current state)" : ""),
              ...section("Ways out", out.filter((row) => !stays(row)), true),
              ...section("Ways in", into, false),
              ...section("Stays", out.filter(stays), true),
            ]
          : [make("p", { class: "wl-said" }, "Choose a state, by pointer or with Tab, to list its transitions.")]),
      );
    };
    const draw = () => {
      const focused = stage.contains(document.activeElement) && document.activeElement.dataset.state;
      stage.innerHTML = model.get("drawing");
      for (const box of stage.querySelectorAll("[data-state]")) {
        const choose = () => select(box.dataset.state);
        box.addEventListener("focus", choose);
        box.addEventListener("click", choose);
        box.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          event.stopPropagation();
          choose();
        });
        if (box.dataset.state === focused) box.focus();
      }
      describe();
    };

    root.append(stage, list, makeAlternative(model, follow));
    el.append(root);
    follow("drawing", draw);
    follow("selected", describe);
    return () => follow.end();
  },
};
