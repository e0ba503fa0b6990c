// The frame inspector's front end: an octet that is pointed at lights its fields, and the other way.

const COLUMNS = 16;
const NO_FIELD = -1;

/** Octets of a field as [first, last]. */
function spanOf(field) {
  return [Math.floor(field.first_bit / 8), Math.floor((field.first_bit + field.bits - 1) / 8)];
}

/** The octets of a field in binary, its own bits marked. */
function bitsOf(field, octets) {
  const [first, last] = spanOf(field);
  const line = make("span", { class: "wl-bits", "aria-hidden": "true" });
  for (let at = first; at <= Math.min(last, first + 3); at++) {
    const group = make("span", { class: "wl-bits-octet" });
    for (let bit = 0; bit < 8; bit++) {
      const own = at * 8 + bit >= field.first_bit && at * 8 + bit < field.first_bit + field.bits;
      const digit = (parseInt(octets[at], 16) >> (7 - bit)) & 1;
      group.append(make("span", { class: own ? "wl-own" : "wl-foreign" }, String(digit)));
    }
    line.append(group);
  }
  if (last > first + 3) line.append("…");
  return line;
}

/** One tab stop for many elements; the arrow keys move inside. */
function roving(items, columns) {
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
    const root = makeRoot("inspector", "Frame inspector");
    const octets = model.get("octets");
    const fields = model.get("fields");
    const layers = [...new Set(fields.map((field) => field.layer))];
    const tint = (layer) =>
      ["Data", "Padding"].includes(layer) ? "data" : "abc"[layers.indexOf(layer) % 3];

    const fieldsAt = (octet) =>
      fields.flatMap((field, index) => {
        const [first, last] = spanOf(field);
        return first <= octet && octet <= last && field.depth === 1 ? [index] : [];
      });
    const choose = (index) => {
      model.set("chosen", index);
      model.save_changes();
    };

    const cells = octets.map((digits, at) => {
      const around = fieldsAt(at).map((index) => fields[index]);
      const edge = (near) => around.every((field) => spanOf(field)[near] === at);
      return make(
        "span",
        {
          class: `wl-octet wl-in-${tint(around[0].layer)}${edge(0) ? " wl-begins" : ""}${edge(1) ? " wl-ends" : ""}`,
          role: "option",
          "data-octet": at,
          "aria-label": `Octet ${at}: ${digits}, ${around.map((f) => `${f.layer} ${f.name}`).join(" and ")}`,
          onfocus: () => lightOctet(at),
          onmouseenter: () => lightOctet(at, false),
          onmouseleave: () => show(),
          onclick: (event) => event.currentTarget.focus(),
        },
        digits,
      );
    });
    const grid = make("div", { class: "wl-grid", role: "listbox", "aria-label": "Octets" });
    for (let column = -1; column < COLUMNS; column++)
      grid.append(make("span", { class: "wl-offset", "aria-hidden": "true" }, column < 0 ? "" : String(column)));
    cells.forEach((cell, at) => {
      if (at % COLUMNS === 0) grid.append(make("span", { class: "wl-offset", "aria-hidden": "true" }, String(at)));
      grid.append(cell);
    });

    const rows = fields.map((field, index) =>
      make(
        "div",
        {
          class: `wl-field wl-depth-${field.depth}`,
          role: "option",
          "data-field": index,
          onfocus: () => choose(index),
          onmouseenter: () => light([index]),
          onmouseleave: () => show(),
          onclick: (event) => event.currentTarget.focus(),
        },
        make("span", { class: "wl-field-name" }, field.name),
        make("span", { class: "wl-field-value" }, field.value || " "),
      ),
    );
    const list = make("div", { class: "wl-fields", role: "listbox", "aria-label": "Fields" });
    for (const layer of layers) {
      const own = rows.filter((_, index) => fields[index].layer === layer);
      const rfc = fields.find((field) => field.layer === layer).rfc;
      list.append(
        make(
          "div",
          { role: "group", "aria-label": layer },
          make("div", { class: `wl-layer wl-in-${tint(layer)}`, "aria-hidden": "true" }, layer, make("small", {}, rfc)),
          ...own,
        ),
      );
    }
    roving(cells, COLUMNS);
    roving(rows, 1);

    const detail = make("div", { class: "wl-note", "aria-live": "polite" });
    const describe = (index) => {
      const field = fields[index];
      const [first, last] = spanOf(field);
      const place = first === last ? `octet ${first}` : `octets ${first} to ${last}`;
      const bits = field.bits === 1 ? `bit ${field.first_bit % 8}` : `${field.bits} bits`;
      return make(
        "div",
        { class: "wl-described" },
        make("p", { class: "wl-said" }, `${field.layer}: ${place}, ${bits}`),
        make("p", {}, make("strong", {}, field.name), field.value ? ` = ${field.value} ` : " ", bitsOf(field, octets)),
        make("p", {}, field.note),
      );
    };
    const light = (indices, reveal = false) => {
      const lit = new Set(indices.flatMap((index) => {
        const [first, last] = spanOf(fields[index]);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      }));
      cells.forEach((cell, at) => {
        cell.classList.toggle("wl-lit", lit.has(at));
        cell.setAttribute("aria-selected", lit.has(at));
      });
      rows.forEach((row, index) => {
        row.classList.toggle("wl-lit", indices.includes(index));
        row.setAttribute("aria-selected", indices.includes(index));
      });
      detail.replaceChildren(
        ...(indices.length
          ? indices.map(describe)
          : [make("p", { class: "wl-said" }, "Point at an octet or a field, or move with Tab and the arrow keys.")]),
      );
      if (reveal && indices.length) {
        const box = rows[indices[0]].getBoundingClientRect();
        const view = list.getBoundingClientRect();
        if (box.bottom > view.bottom) list.scrollTop += box.bottom - view.bottom + 8;
        if (box.top < view.top) list.scrollTop -= view.top - box.top + 34;
      }
    };
    let held = null;
    const lightOctet = (at, hold = true) => {
      if (hold) {
        held = at;
        choose(fieldsAt(at)[0]);
      }
      light(fieldsAt(at), true);
    };
    const show = () => {
      const index = model.get("chosen");
      if (held !== null && fieldsAt(held)[0] === index && cells[held] === document.activeElement)
        light(fieldsAt(held), true);
      else light(index === NO_FIELD ? [] : [index], true);
    };

    const left = make("div", {}, grid, detail);
    root.append(make("div", { class: "wl-panes" }, left, list), makeAlternative(model, follow));
    el.append(root);
    follow("chosen", show);
    return () => follow.end();
  },
};
