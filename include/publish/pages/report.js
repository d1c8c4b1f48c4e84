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
  const specs = JSON.parse(document.getElementById("specs").textContent);
  for (const [name, spec] of Object.entries(specs)) {
    window.vegaEmbed(`#chart-${name}`, spec, { actions: false, renderer: "svg", ast: true, tooltip: { theme: "custom" } });
  }
})();
