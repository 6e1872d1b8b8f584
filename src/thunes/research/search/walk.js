(() => {
  const windows = data.windows;
  const count = windows.number.length;
  const crowded = count > 60;

  function drawWindows(c) {
    const every = windows.number.map((_, i) => i);
    const bars = (name, [from, to], rows, colour) => ({
      type: "bar", orientation: "h", name, y: rows, base: rows.map((i) => windows[from][i]),
      x: rows.map((i) => windows[to][i] - windows[from][i]), marker: { color: colour, line: { width: 0 } }, width: 0.66,
      text: rows.map((i) => `<b>#${windows.number[i]}</b> ${name} ` +
        [from, to].map((end) => new Date(windows[end][i]).toISOString().slice(0, 10)).join(" to ") +
        `<br>${plain(windows.text[i])}`),
      textposition: "none", hovertemplate: "%{text}<extra></extra>",
    });
    const test = ["test_start", "test_end"];
    Plotly.react(chart("windows"), [
      bars("Training", ["train_start", "train_end"], every, faded(c.hold, 0.45)),
      bars("Test that earned", test, every.filter((i) => windows.earned[i] > 0), c.up),
      bars("Test that did not", test, every.filter((i) => !(windows.earned[i] > 0)), c.down),
    ], layout(c, {
      barmode: "overlay", hovermode: "closest", margin: { l: 70, r: 12, t: 30, b: 42 }, xaxis: time,
      yaxis: {
        range: [count - 0.5, -0.5], zeroline: false, showgrid: false, title: titled("Window", c),
        ...places(windows.number.map(String), 20),
      },
    }), config);
  }

  // Short windows make wild figures a year: the picture shows most of them, and says what lies beyond.
  function view(name, pair) {
    const known = [...pair.inside, ...pair.outside].filter((y) => y !== null);
    const sizes = known.map(Math.abs).sort((a, b) => a - b);
    const reach = 2.1 * (sizes[Math.floor(0.9 * sizes.length)] || 0);
    const wild = sizes.length > 0 && sizes[sizes.length - 1] > 2 * reach;
    const beyond = wild ? known.filter((y) => Math.abs(y) > reach).length : 0;
    document.getElementById(name + "-beyond").textContent =
      beyond ? ` (${beyond} of ${known.length} lie beyond; double-click shows them)` : "";
    const low = Math.min(0, ...known), high = Math.max(0, ...known);
    return wild ? { range: [Math.max(-reach, low) - reach / 20, Math.min(reach, high)] } : {};
  }

  // From what was promised to what came of it, a line a window.
  function drawPair(c, name, pair, form) {
    const joined = (list) => windows.number.flatMap((_, i) => (pair.inside[i] === null || pair.outside[i] === null ? [] : list(i)));
    const dots = (called, y, colour, symbol) => ({
      type: "scatter", mode: "markers", name: called, x: windows.number, y, marker: { size: crowded ? 4 : 8, color: colour, symbol, line: { width: crowded ? 1 : 1.8, color: colour } },
      hovertemplate: `window %{x}, ${called.toLowerCase()}: %{y:${form}}<extra></extra>`,
    });
    Plotly.react(chart(name), [
      {
        type: "scatter", mode: "lines", x: joined((i) => [windows.number[i], windows.number[i], null]),
        y: joined((i) => [pair.inside[i], pair.outside[i], null]), hoverinfo: "skip", showlegend: false, line: { color: c.hold, width: crowded ? 0.5 : 1.2 },
      },
      dots("In sample", pair.inside, c.hold, "circle-open"),
      dots("Out of sample", pair.outside, c.accent, "circle"),
    ], layout(c, {
      hovermode: "closest", margin: { l: 56, r: 12, t: 30, b: 48 },
      xaxis: { title: titled("Window", c), zeroline: false, ...whole() },
      yaxis: { tickformat: form, zeroline: true, zerolinecolor: c.faint, ...view(name, pair) },
    }), config);
  }

  // Windows have no halves.
  function whole() {
    return { tickformat: ",d", dtick: count <= 12 ? 1 : undefined };
  }

  function drawDrift(c, { name, y, text, firsts }, i) {
    Plotly.react(chart(`drift-${i}`), [{
      type: "scatter", mode: crowded ? "lines" : "lines+markers", x: windows.number, y, text: text.map(plain),
      line: { color: c.accent, width: 1.5, shape: "hvh" }, marker: { size: 6, color: c.accent },
      hovertemplate: `window %{x}: ${plain(name)} %{text}<extra></extra>`,
    }], layout(c, {
      hovermode: "closest", showlegend: false, margin: { l: 48, r: 8, t: 8, b: 26 },
      xaxis: { zeroline: false, ...whole() },
      yaxis: { zeroline: false, nticks: 4, ...(firsts.length ? places(firsts, 6) : {}) },
    }), { ...config, displayModeBar: false });
  }

  drawAlways((c) => {
    if (!count) return;
    drawWindows(c);
    drawPair(c, "sharpes", data.inside.sharpe, ".2f");
    drawPair(c, "returns", data.inside.return, ".0%");
    data.drift.forEach((drift, i) => drawDrift(c, drift, i));
  }, "Out of sample");
})();
