"use strict";
(() => {
  const root = document.documentElement;
  // Inside the Airflow UI the page follows that page's theme; elsewhere the reader's system decides.
  const outer = window.frameElement && window.frameElement.ownerDocument.documentElement;
  if (outer) {
    const follow = () => { root.dataset.theme = outer.classList.contains("dark") ? "dark" : "light"; };
    follow();
    new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
  }
  // On a phone each row of a table is a list of its cells with their titles. The roles keep it a table for screen readers,
  // since styles that change how it is laid out take them away.
  for (const table of document.querySelectorAll("table")) {
    const titles = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent);
    table.setAttribute("role", "table");
    table.classList.add("stacks");
    for (const group of table.querySelectorAll("thead, tbody")) group.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      const isHead = row.parentElement.tagName === "THEAD";
      [...row.cells].forEach((cell, at) => {
        cell.setAttribute("role", cell.tagName === "TD" ? "cell" : isHead ? "columnheader" : "rowheader");
        if (cell.tagName === "TD") cell.dataset.title = titles[at] || "";
      });
    }
  }
  const address = document.getElementById("address");
  if (address) address.href = window.location.href;
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const options = { actions: false, renderer: "svg", ast: true, tooltip: { theme: "custom" } };
  for (const [name, spec] of Object.entries(specs)) {
    const place = document.getElementById(`chart-${name}`);
    // The place is one image with a text to screen readers: the marks inside have roles, some without a name.
    if (place) window.vegaEmbed(place, spec, options).then(() => place.querySelector("svg").setAttribute("aria-hidden", "true"));
  }
})();
