// The jar's front end: choose a request by button or arrow keys; each cookie says whether it goes, or why not.

export default {
  render({ model, el }) {
    const follow = makeFollow(model);
    const root = makeRoot("jar", "A cookie jar and requests to send from it");
    const last = () => model.get("requests").length - 1;
    const go = (choice) => {
      model.set("choice", Math.max(0, Math.min(last(), choice)));
      model.save_changes();
    };
    const menu = make("div", { class: "wl-requests", role: "listbox", tabindex: "0", "aria-label": "Requests; arrow keys choose" });
    const what = make("p", { class: "wl-what" });
    const jar = make("ul", { class: "wl-cookies" });
    const header = make("p", { class: "wl-field-line", "aria-live": "polite" });

    const show = () => {
      const choice = model.get("choice");
      const request = model.get("requests")[choice];
      [...menu.children].forEach((item, number) => {
        item.setAttribute("aria-selected", number === choice ? "true" : "false");
        item.classList.toggle("wl-lit", number === choice);
      });
      what.textContent = request.what;
      header.textContent = request.header ? `Cookie: ${request.header}` : "no Cookie field";
      jar.replaceChildren(
        ...model.get("cookies").map((cookie, number) => {
          const fate = request.fates[number];
          const mark = make("span", { class: "wl-mark-place", "aria-hidden": "true" }, fate.place ? String(fate.place) : "");
          const fateText = fate.place ? `goes, number ${fate.place}` : fate.why;
          return make(
            "li",
            { class: fate.place ? "wl-goes" : "wl-stays" },
            mark,
            make("code", { title: `set by ${cookie.url}` }, cookie.line),
            make("span", { class: "wl-verdict" }, fateText),
          );
        }),
      );
    };
    const draw = () => {
      menu.replaceChildren(
        ...model.get("requests").map((request, number) =>
          make("div", { class: "wl-request", role: "option", onclick: () => go(number) }, request.label),
        ),
      );
      show();
    };
    menu.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      const to = { Home: 0, End: last() }[event.key];
      if (by === undefined && to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      go(to ?? model.get("choice") + by);
    });

    const panes = make("div", { class: "wl-panes" }, menu, make("div", {}, what, jar, header));
    root.append(panes, makeAlternative(model, follow));
    el.append(root);
    follow("requests", draw);
    follow("choice", show);
    return () => follow.end();
  },
};
