"use strict";
// Shows one gap chart of nine, and makes the comparison anew under the reader's weights: the
// weighted arithmetic mean of the pillars, the bloc's mean minus the focal state.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);

  const choice = $("choice");
  const figures = [...document.querySelectorAll("figure[data-view]")];
  choice.addEventListener("change", () => {
    const asked = new FormData(choice);
    for (const figure of figures) {
      figure.hidden = figure.dataset.view !== asked.get("view")
        || figure.dataset.measure !== asked.get("measure");
      if (!figure.hidden) $("shown").textContent = figure.querySelector("h3").textContent;
    }
  });

  const principal = $("principal"), year = $("year");
  const sliders = data.pillars.map((name) => $("w-" + name));
  const shares = (values) => {
    const sum = values.reduce((a, b) => a + b, 0);
    return sum > 0 ? values.map((v) => v / sum) : null;
  };
  const published = shares(data.weights);

  const depth = (scores, weights) => scores.reduce((sum, s, k) => sum + s * weights[k], 0);
  const gap = (ties, weights) => {
    const bloc = Object.keys(ties).filter((s) => s !== data.focal);
    const total = bloc.reduce((sum, s) => sum + depth(ties[s], weights), 0);
    return total / bloc.length - depth(ties[data.focal], weights);
  };

  const plain = (v) => v.toFixed(1);
  const signed = (v) =>
    Math.abs(v) < 0.05 ? "0.0" : (v > 0 ? "+" : "−") + Math.abs(v).toFixed(1);
  const points = (v) => {
    const size = Math.abs(v).toFixed(1);
    return size + (size === "1.0" ? " point" : " points");
  };

  function row(name, before, after, show, className) {
    const tr = document.createElement("tr");
    tr.className = className;
    const th = document.createElement("th");
    th.scope = "row";
    th.textContent = name;
    tr.append(th);
    for (const [value, text] of
      [[before, show(before)], [after, show(after)], [after - before, signed(after - before)]]) {
      const td = document.createElement("td");
      td.textContent = text;
      td.dataset.value = value;
      tr.append(td);
    }
    return tr;
  }

  function verdict(now) {
    const tie = `${data.owners[principal.value]} tie in ${year.value}`;
    if (Math.abs(now) < 0.05) {
      return `${tie} is as deep with ${data.focalName} as with ${data.bloc} under these weights.`;
    }
    const sides = [data.bloc, data.focalName];
    const [more, less] = now > 0 ? sides : sides.reverse();
    return `${tie} is deeper with ${more} than with ${less} by ${points(now)} under these weights.`;
  }

  function show() {
    const weights = shares(sliders.map((s) => Number(s.value)));
    const ties = (data.ties[principal.value] || {})[year.value];
    const body = $("result").tBodies[0];
    sliders.forEach((slider, k) => {
      const text = weights ? (100 * weights[k]).toFixed(0) + " %" : "–";
      $("o-" + data.pillars[k]).textContent = text;
      slider.setAttribute("aria-valuetext", text);
    });
    body.replaceChildren();
    if (!weights || !ties) {
      $("verdict").textContent = weights
        ? "Too little is known to compare the two sides."
        : "Give at least one pillar some weight.";
      return;
    }
    const states = Object.keys(ties).sort((a, b) => (a !== data.focal) - (b !== data.focal));
    for (const s of states) {
      const [before, after] = [depth(ties[s], published), depth(ties[s], weights)];
      const tr = row(data.names[s], before, after, plain, s === data.focal ? "focal" : "");
      tr.dataset.state = s;
      body.append(tr);
    }
    const [before, after] = [gap(ties, published), gap(ties, weights)];
    body.append(row("Gap", before, after, signed, "gap"));
    $("verdict").textContent = verdict(after);
  }

  function years() {
    const kept = year.value;
    const known = Object.keys(data.ties[principal.value] || {}).sort().reverse();
    year.replaceChildren(...known.map((y) => new Option(y, y)));
    if (known.includes(kept)) year.value = kept;
    show();
  }

  principal.addEventListener("change", years);
  year.addEventListener("change", show);
  for (const slider of sliders) slider.addEventListener("input", show);
  $("reset").addEventListener("click", () => {
    sliders.forEach((s, k) => { s.value = Math.round(100 * published[k]); });
    show();
  });
  years();
})();
