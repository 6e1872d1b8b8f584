(() => {
  const lines = (text) => plain(text).replace(/(.{50,70}?, )/g, "$1<br>");
  const marked = {
    chosen: (c) => ({ symbol: "star", size: 17, color: c.accent, line: { color: c.card, width: 1.5 } }),
    peak: (c) => ({ symbol: "diamond", size: 12, color: c.warn, line: { color: c.card, width: 1.5 } }),
  };
  function drawFront(c) {
    const told = "<b>%{text}</b><br>Sharpe ratio %{y:.2f}, drawdown %{x:.1%}<extra></extra>";
    const dots = (from, more) => ({
      type: "scatter", mode: "markers", x: from.x, y: from.y, text: from.text.map(lines), hovertemplate: told, ...more,
    });
    const { others, front, chosen, peak, left_out } = data.front;
    document.getElementById("front-left-out").textContent =
      left_out ? `${left_out.toLocaleString("en")} sets behind it are left out of the picture.` : "";
    Plotly.react(chart("front"), [
      dots(others, { name: "Tried", marker: { size: 6, color: faded(c.hold, 0.55) } }),
      dots(front, {
        name: "Front", mode: "lines+markers", line: { color: c.accent, width: 1.5, shape: "hv" },
        marker: { size: 7, color: c.accent },
      }),
      dots(peak, { name: "Peak", marker: marked.peak(c) }),
      dots(chosen, { name: "Chosen", marker: marked.chosen(c) }),
    ], layout(c, {
      hovermode: "closest",
      xaxis: { title: titled("Deepest drawdown", c), tickformat: ".0~%", zeroline: false },
      yaxis: { title: titled("Sharpe ratio a year", c), zeroline: true, zerolinecolor: c.faint },
    }), config);
  }

  // From loss through nothing to gain; where all scores have one sign, from faint to strong.
  function tones(c, scores) {
    const low = Math.min(...scores), high = Math.max(...scores);
    if (low < 0 && high > 0) {
      const reach = Math.max(-low, high);
      return { zmin: -reach, zmax: reach, colorscale: [[0, c.down], [0.5, c.line], [1, c.up]] };
    }
    const colorscale = high > 0 ? [[0, c.line], [1, c.up]] : [[0, c.down], [1, c.line]];
    return { zmin: low, zmax: high > low ? high : low + 1, colorscale };
  }

  function drawHeat(c) {
    const { across, up, best, tried, no_score, chosen, peak } = data.heat;
    const told = best.map((row, y) => row.map((score, x) => {
      const count = tried[y][x];
      const where = `${plain(across.name)} ${plain(across.labels[x])}, ${plain(up.name)} ${plain(up.labels[y])}`;
      return `<b>${where}</b><br>` + (score === null ? "no score" : `score ${score.toFixed(3)}`) +
        (count > 1 ? `, the best of ${count.toLocaleString("en")} sets` : "");
    }));
    const mark = (name, at, marker) => ({
      type: "scatter", mode: "markers", name, x: [at[0]], y: [at[1]], text: [told[at[1]][at[0]]],
      hovertemplate: "%{text}<extra></extra>", marker,
    });
    const scores = best.flat().filter((score) => score !== null);
    Plotly.react(chart("landscape"), [
      {
        type: "heatmap", z: best, text: told, hovertemplate: "%{text}<extra></extra>", hoverongaps: false, xgap: 1, ygap: 1,
        ...tones(c, scores.length ? scores : [0]), showscale: scores.length > 0,
        colorbar: { title: { text: "Score", font: { size: 12, color: c.soft } }, thickness: 12, outlinewidth: 0, tickfont: { color: c.soft } },
      },
      {
        type: "scatter", mode: "markers", name: "No score", x: no_score[0], y: no_score[1], hoverinfo: "skip",
        visible: no_score[0].length > 0, marker: { symbol: "x-thin", size: 6, line: { color: c.faint, width: 1 } },
      },
      ...(data.same ? [] : [mark("Peak", peak, marked.peak(c))]),
      mark(data.same ? "Chosen, also the peak" : "Chosen", chosen, marked.chosen(c)),
    ], layout(c, {
      hovermode: "closest", margin: { l: 70, r: 12, t: 34, b: 56 },
      xaxis: { automargin: true, title: { ...titled(plain(across.name), c), standoff: 10 }, showgrid: false, zeroline: false, range: [-0.5, across.labels.length - 0.5], ...places(across.firsts, 16) },
      yaxis: { title: { ...titled(plain(up.name), c), standoff: 10 }, showgrid: false, zeroline: false, range: [-0.5, up.labels.length - 0.5], ...places(up.firsts, 14) },
    }), config);
  }

  function drawLine(c) {
    const { name, labels, firsts, best, chosen, peak } = data.line;
    const told = labels.map((label, i) => `<b>${plain(name)} ${plain(label)}</b><br>${best[i] === null ? "no score" : `score ${best[i].toFixed(3)}`}`);
    const at = labels.map((_, i) => i);
    const mark = (called, i, marker) => ({
      type: "scatter", mode: "markers", name: called, x: [i], y: [best[i]], text: [told[i]], hovertemplate: "%{text}<extra></extra>", marker,
    });
    Plotly.react(chart("landscape"), [
      {
        type: "scatter", mode: "lines+markers", name: "Score", x: at, y: best, text: told, hovertemplate: "%{text}<extra></extra>",
        line: { color: c.accent, width: 1.5 }, marker: { size: 6, color: c.accent },
      },
      ...(data.same ? [] : [mark("Peak", peak, marked.peak(c))]),
      mark(data.same ? "Chosen, also the peak" : "Chosen", chosen, marked.chosen(c)),
    ], layout(c, {
      hovermode: "closest", margin: { l: 70, r: 12, t: 30, b: 56 },
      xaxis: { title: titled(plain(name), c), zeroline: false, ...places(firsts, 16) },
      yaxis: { title: titled("Score", c), zeroline: true, zerolinecolor: c.faint },
    }), config);
  }

  function drawLuck(c) {
    const { logits, inside, outside, fitted } = data.luck;
    drawBins(c, "logits", logits, { axis: "Logit of the winner's place", form: ".2~f", below: "No better than the median", above: "Better", shares: true });
    Plotly.react(chart("halves"), [
      {
        type: "scatter", mode: "markers", name: "Splits", x: inside, y: outside, marker: { size: 5, color: outside.map((y) => faded(y < 0 ? c.down : c.accent, 0.35)) },
        hovertemplate: "in sample %{x:.2f}, out of sample %{y:.2f}<extra></extra>",
      },
      { type: "scatter", mode: "lines", name: "Fitted line", x: fitted.x, y: fitted.y, hoverinfo: "skip", line: { color: c.ink, width: 1.5 } },
    ], layout(c, {
      hovermode: "closest", showlegend: false, margin: { l: 56, r: 12, t: 30, b: 48 },
      xaxis: { title: titled("In sample", c), zeroline: false },
      yaxis: { title: titled("Out of sample", c), zeroline: true, zerolinecolor: c.faint },
    }), config);
  }

  function drawHistory(c) {
    const { n, score, best_n, best, left_out } = data.history;
    document.getElementById("history-left-out").textContent =
      left_out ? `${left_out.toLocaleString("en")} scores are left out of the picture, none of them an extreme.` : "";
    Plotly.react(chart("history"), [
      {
        type: "scatter", mode: "markers", name: "Score", x: n, y: score, marker: { size: 5, color: faded(c.hold, 0.6) },
        hovertemplate: "trial %{x:,}: %{y:.3f}<extra></extra>",
      },
      {
        type: "scatter", mode: "lines", name: "Best so far", x: best_n, y: best, line: { color: c.accent, width: 2, shape: "hv" },
        hovertemplate: "best of %{x:,}: %{y:.3f}<extra></extra>",
      },
    ], layout(c, {
      hovermode: "closest", xaxis: { title: titled("Trial, in the order in which they ran", c), zeroline: false, tickformat: ",~d" },
      yaxis: { title: titled("Score", c), zeroline: true, zerolinecolor: c.faint },
    }), config);
  }

  drawAlways((c) => {
    if (chart("front")) drawFront(c);
    if (data.heat && chart("landscape")) drawHeat(c);
    if (data.line && chart("landscape")) drawLine(c);
    if (data.luck) drawLuck(c);
    if (chart("history")) drawHistory(c);
  }, "Chosen set");
})();
