// The message view's front end: a segment, an octet or a part that is chosen lights the other two.

const COLUMNS = 16;
const SHOWN_OCTETS = 24;

/** One tab stop for many elements; the arrow keys move inside. */
function rove(items, columns) {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  items.forEach((item, at) => {
    item.tabIndex = at ? -1 : 0;
    item.addEventListener("focus", () => items.forEach((i) => (i.tabIndex = i === item ? 0 : -1)));
    item.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      let to = at + (moves[event.key] ?? 0);
      if (event.key === "Home") to = 0;
      if (event.key === "End") to = items.length - 1;
      if (!(event.key in moves) && event.key !== "Home" && event.key !== "End") return;
      event.preventDefault();
      event.stopPropagation();
      items[Math.min(Math.max(to, 0), items.length - 1)].focus();
    });
  });
}

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("message", "HTTP exchange");
    const names = model.get("names");
    const streams = model.get("streams");
    const parts = model.get("parts");
    const segments = model.get("segments");
    const sides = ["left", "right"].filter((side) => parts.some((part) => part.side === side));
    const choose = (index) => {
      model.set("chosen", index);
      model.save_changes();
    };
    const inside = (span, at) => span.first <= at && at < span.end;
    const meet = (a, b) => a.side === b.side && a.first < b.end && b.first < a.end;

    const rungs = segments.map((segment, index) =>
      make(
        "div",
        {
          class: "wl-segment",
          role: "option",
          "data-side": segment.side,
          "aria-label": `Segment ${index + 1} from ${names[segment.side]}: ${segment.label}`,
          onfocus: () => hold({ kind: "segment", index }),
          onmouseenter: () => light({ kind: "segment", index }),
          onmouseleave: () => light(held),
          onclick: (event) => event.currentTarget.focus(),
        },
        make("i"),
        `${index + 1}  ${segment.label}`,
        make("i"),
      ),
    );
    const ladder = make("div", { role: "listbox", "aria-label": "Segments" }, ...rungs);

    const cells = { left: [], right: [] };
    const chars = { left: [], right: [] };
    const dumps = make("div", { class: "wl-rows" });
    for (const side of sides) {
      const grid = make("div", { class: "wl-octets", role: "listbox", "aria-label": `Octets of ${names[side]}` });
      const list = streams[side];
      for (let start = 0; start < list.length; start += COLUMNS) {
        grid.append(make("span", { class: "wl-offset", "aria-hidden": "true" }, String(start)));
        const texts = [];
        for (let at = start; at < start + COLUMNS; at++) {
          if (at >= list.length) {
            grid.append(make("span"));
            continue;
          }
          const said = { kind: "octet", side, at };
          const part = parts.find((each) => each.side === side && inside(each, at));
          const point = { onmouseenter: () => light(said), onmouseleave: () => light(held) };
          const cell = make(
            "span",
            {
              class: "wl-octet",
              role: "option",
              "data-octet": at,
              "aria-label": `Octet ${at}: ${list[at].slice(0, 2)}, ${part ? part.name : "no part"}`,
              onfocus: () => hold(said),
              onclick: (event) => event.currentTarget.focus(),
              ...point,
            },
            list[at].slice(0, 2),
          );
          cells[side].push(cell);
          grid.append(cell);
          const own = make("span", { class: "wl-char", "aria-hidden": "true", onclick: () => cell.focus(), ...point }, list[at].slice(2));
          chars[side].push(own);
          texts.push(own);
        }
        grid.append(make("span"), ...texts);
        for (let rest = texts.length; rest < COLUMNS; rest++) grid.append(make("span"));
      }
      dumps.append(make("div", { class: "wl-heading", "data-side": side, "aria-hidden": "true" }, `What ${names[side]} sent`), grid);
      rove(cells[side], COLUMNS);
    }

    const rows = parts.map((part, index) =>
      make(
        "div",
        {
          class: "wl-part",
          role: "option",
          "data-part": index,
          onfocus: () => hold({ kind: "part", index }),
          onmouseenter: () => light({ kind: "part", index }),
          onmouseleave: () => light(held),
          onclick: (event) => event.currentTarget.focus(),
        },
        make("span", {}, part.name),
        make("span", { class: "wl-part-value" }, part.value || " "),
      ),
    );
    const list = make("div", { class: "wl-rows wl-parts", role: "listbox", "aria-label": "Parts of the messages" });
    for (const side of sides)
      list.append(
        make("div", { class: "wl-heading", "data-side": side, "aria-hidden": "true" }, side === "left" ? "Requests" : "Responses"),
        ...rows.filter((_, index) => parts[index].side === side),
      );
    rove(rungs, 1);
    rove(rows, 1);

    const detail = make("div", { class: "wl-note", "aria-live": "polite" });
    let held = null;
    const hold = (what) => {
      held = what;
      choose(what.kind === "part" ? what.index : -1);
      light(what);
    };
    const spanOf = (what) => {
      if (what.kind === "part") return parts[what.index];
      if (what.kind === "segment") return segments[what.index];
      return { side: what.side, first: what.at, end: what.at + 1 };
    };
    const reveal = (box, item) => {
      const own = item.getBoundingClientRect();
      const view = box.getBoundingClientRect();
      if (own.bottom > view.bottom) box.scrollTop += own.bottom - view.bottom + 8;
      if (own.top < view.top) box.scrollTop -= view.top - own.top + 8;
    };
    const light = (what) => {
      const span = what ? spanOf(what) : { side: "", first: 0, end: 0 };
      const lit = (item, on) => {
        item.classList.toggle("wl-lit", on);
        if (item.getAttribute("role")) item.setAttribute("aria-selected", on);
      };
      const litParts = parts.filter((part) => meet(part, span));
      // A single octet stands for its whole part.
      const area = what?.kind === "octet" && litParts.length ? litParts[0] : span;
      for (const side of sides)
        cells[side].forEach((cell, at) => {
          const on = side === area.side && inside(area, at);
          lit(cell, on);
          lit(chars[side][at], on);
        });
      rows.forEach((row, index) => lit(row, meet(parts[index], span)));
      const carriers = segments.map((segment, index) => (what?.kind === "segment" ? index === what.index : meet(segment, area)));
      rungs.forEach((rung, index) => lit(rung, carriers[index]));
      detail.replaceChildren(...describe(what, area, litParts, carriers));
      if (what && what.kind !== "part" && litParts.length) reveal(list, rows[parts.indexOf(litParts[0])]);
      if (what && what.kind !== "octet" && area.end > area.first) reveal(dumps, cells[area.side][area.first]);
    };
    const describe = (what, area, litParts, carriers) => {
      if (!what) return [make("p", { class: "wl-said" }, "Point at a segment, an octet or a part, or move with Tab and the arrow keys.")];
      const count = area.end - area.first;
      const where = count === 0 ? "no octets of the stream" : count === 1 ? `octet ${area.first}` : `octets ${area.first} to ${area.end - 1}`;
      const by = carriers.flatMap((on, index) => (on ? [index + 1] : []));
      const octets = streams[area.side].slice(area.first, area.end).map((cell) => cell.slice(0, 2));
      const hex = octets.slice(0, SHOWN_OCTETS).join(" ") + (octets.length > SHOWN_OCTETS ? " …" : "");
      const one = litParts.length === 1 || what.kind !== "segment" ? litParts[0] : null;
      const said = `${names[area.side]}: ${where}, in segment ${by.join(" and ") || "none"}`;
      return [
        make("p", { class: "wl-said" }, said),
        make("p", {}, ...(one ? [make("strong", {}, one.name), ` ${one.value} `] : []), make("code", {}, hex)),
        make("p", {}, one?.note ?? (litParts.length ? `Carries ${litParts.map((part) => part.name).join(", ")}.` : "")),
      ];
    };

    const ends = make("div", { class: "wl-ends", "aria-hidden": "true" }, make("span", {}, names.left), make("span", {}, names.right));
    root.append(
      make("div", { class: "wl-frame" }, ends, ladder, make("div", { class: "wl-panes" }, dumps, list)),
      detail,
      makeAlternative(model, follow),
    );
    el.append(root);
    follow("chosen", () => {
      const index = model.get("chosen");
      if (index >= 0) held = { kind: "part", index };
      light(held);
    });
    return () => follow.end();
  },
};
