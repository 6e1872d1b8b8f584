(() => {
  const windows = data.windows;
  const count = windows.number.length;

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

  // From what was promised to what came of it, a line a window.
  function drawPair(c, name, pair, form) {
    const joined = (list) => windows.number.flatMap((_, i) => (pair.inside[i] === null || pair.outside[i] === null ? [] : list(i)));
    const dots = (called, y, colour, symbol) => ({
      type: "scatter", mode: "markers", name: called, x: windows.number, y, marker: { size: 8, color: colour, symbol, line: { width: 1.8, color: colour } },
      hovertemplate: `window %{x}, ${called.toLowerCase()}: %{y:${form}}<extra></extra>`,
    });
    Plotly.react(chart(name), [
      {
        type: "scatter", mode: "lines", x: joined((i) => [windows.number[i], windows.number[i], null]),
        y: joined((i) => [pair.inside[i], pair.outside[i], null]), hoverinfo: "skip", showlegend: false, line: { color: c.hold, width: 1.2 },
      },
      dots("In sample", pair.inside, c.hold, "circle-open"),
      dots("Out of sample", pair.outside, c.accent, "circle"),
    ], layout(c, {
      hovermode: "closest", margin: { l: 56, r: 12, t: 30, b: 48 },
      xaxis: { title: titled("Window", c), zeroline: false, ...whole() },
      yaxis: { tickformat: form, zeroline: true, zerolinecolor: c.faint },
    }), config);
  }

  // Windows have no halves.
  function whole() {
    return { tickformat: ",d", dtick: count <= 12 ? 1 : undefined };
  }

  function drawDrift(c, { name, y, text, labels }, i) {
    Plotly.react(chart(`drift-${i}`), [{
      type: "scatter", mode: "lines+markers", x: windows.number, y, text: text.map(plain),
      line: { color: c.accent, width: 1.5, shape: "hvh" }, marker: { size: 6, color: c.accent },
      hovertemplate: `window %{x}: ${plain(name)} %{text}<extra></extra>`,
    }], layout(c, {
      hovermode: "closest", showlegend: false, margin: { l: 48, r: 8, t: 8, b: 26 },
      xaxis: { zeroline: false, ...whole() },
      yaxis: { zeroline: false, nticks: 4, ...(labels.length ? places(labels, 6) : {}) },
    }), { ...config, displayModeBar: false });
  }

  drawAlways((c) => {
    drawWindows(c);
    drawPair(c, "sharpes", data.inside.sharpe, ".2f");
    drawPair(c, "returns", data.inside.return, ".0%");
    data.drift.forEach((drift, i) => drawDrift(c, drift, i));
  }, "Out of sample");
})();
