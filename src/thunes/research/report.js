(() => {
  const RECENT = 240;
  const quote = plain(data.quote);
  const state = { scale: "linear", view: "recent", symbol: 0 };

  function drawExposure(c) {
    Plotly.react(chart("exposure"), [{
      type: "scatter", mode: "lines", x: data.exposure.t, y: data.exposure.y, fill: "tozeroy",
      line: { color: c.accent, width: 1, shape: "hv" }, fillcolor: faded(c.accent, 0.16),
      hovertemplate: "%{y:.1%}<extra></extra>",
    }], layout(c, {
      hovermode: "x unified", showlegend: false, margin: { l: 70, r: 12, t: 8, b: 42 }, xaxis: time,
      yaxis: {
        tickformat: ".0%", rangemode: "tozero", nticks: 5,
        title: titled("Of equity", c),
      },
    }), config);
  }

  function level(trades, field) {
    const x = [], y = [];
    for (const trade of trades) {
      if (trade[field] === null) continue;
      x.push(trade.from, trade.to, null);
      y.push(trade[field], trade[field], null);
    }
    return { x, y };
  }

  function marks(trades, c) {
    const signed = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(value).toLocaleString("en", { maximumFractionDigits: 2 });
    const closed = trades.filter((t) => t.exit !== null);
    const path = (name, list, colour) => ({
      type: "scatter", mode: "lines", name, hoverinfo: "skip", showlegend: false,
      x: list.flatMap((t) => [t.from, t.to, null]), y: list.flatMap((t) => [t.entry, t.exit, null]),
      line: { color: colour, width: 1.5, dash: "dot" },
    });
    return [
      { type: "scatter", mode: "lines", name: "Stop", hoverinfo: "skip", ...level(trades, "stop"), line: { color: c.down, width: 1.2, dash: "dash" } },
      { type: "scatter", mode: "lines", name: "Target", hoverinfo: "skip", ...level(trades, "target"), line: { color: c.up, width: 1.2, dash: "dash" } },
      path("won", closed.filter((t) => t.pnl > 0), c.up),
      path("lost", closed.filter((t) => t.pnl <= 0), c.down),
      {
        type: "scatter", mode: "markers", name: "Exit", x: closed.map((t) => t.to), y: closed.map((t) => t.exit),
        text: closed.map((t) => [t.number, t.exit.toLocaleString("en", { maximumFractionDigits: 8 }), signed(t.pnl), t.reason].map(plain)),
        hovertemplate: "<b>#%{text[0]} out</b> at %{text[1]}<br>%{text[2]} " + quote + ", %{text[3]}<br>%{x|%Y-%m-%d %H:%M} UTC<extra></extra>",
        marker: {
          symbol: "circle-open", size: 12, color: closed.map((t) => (t.pnl > 0 ? c.up : c.down)), line: { width: 2.5 },
        },
      },
      {
        type: "scatter", mode: "markers", name: "Entry", x: trades.map((t) => t.from), y: trades.map((t) => t.entry),
        text: trades.map((t) => `<b>#${t.number} ${t.side}</b> at ${t.entry.toLocaleString("en", { maximumFractionDigits: 8 })}`),
        hovertemplate: "%{text}<br>%{x|%Y-%m-%d %H:%M} UTC<extra></extra>",
        marker: {
          symbol: trades.map((t) => (t.side === "short" ? "triangle-down" : "triangle-up")), size: 10,
          color: c.accent, line: { color: c.card, width: 1 },
        },
      },
    ];
  }

  function window_of(series, from, to) {
    let low = Infinity, high = -Infinity;
    const see = (value) => {
      if (value === null) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    };
    series.t.forEach((t, i) => {
      if (t + series.step >= from && t <= to) { see(series.low[i]); see(series.high[i]); }
    });
    for (const trade of series.trades) {
      if (trade.to >= from && trade.from <= to) [trade.entry, trade.exit, trade.stop, trade.target].forEach(see);
    }
    const room = (high - low) * 0.05 || Math.abs(high) * 0.01 || 1;
    return low <= high ? [low - room, high + room] : null;
  }

  // Plotly names times like "2024-01-31 12:00", in UTC, but shows a whole day without its hours.
  function instant(text) {
    const [day, hours] = String(text).split(" ");
    return Date.parse(day + "T" + (hours || "00:00") + "Z");
  }

  function look(from, to) {
    const series = data.symbols[state.symbol];
    const prices = window_of(series, from, to);
    const change = { "xaxis.range": [from, to] };
    if (prices) change["yaxis.range"] = prices;
    return Plotly.relayout(chart("candle"), change);
  }

  function view() {
    const { t, step } = data.symbols[state.symbol];
    if (!t.length) return;
    const first = state.view === "recent" ? Math.max(0, t.length - RECENT) : 0;
    look(t[first] - step / 2, t[t.length - 1] + 1.5 * step);
  }

  function told(series, at, i) {
    const price = (field) => `${field} ${(series[field][i] ?? NaN).toLocaleString("en", { maximumFractionDigits: 8 })}`;
    const when = new Date(at).toISOString().slice(0, 16).replace("T", " ");
    return `<b>${when} UTC, ${series.candle}</b><br>` + ["open", "high", "low", "close"].map(price).join("<br>");
  }

  function drawCandles(c) {
    const series = data.symbols[state.symbol];
    if (!series) return;
    const candle = {
      type: "candlestick", name: `${plain(series.symbol)}, ${series.candle} candles`,
      // A candle stands in the middle of its time, so that fills lie inside it.
      x: series.t.map((at) => at + series.step / 2), text: series.t.map((at, i) => told(series, at, i)), hoverinfo: "text",
      open: series.open, high: series.high, low: series.low, close: series.close,
      increasing: { line: { color: faded(c.up, 0.75), width: 1 }, fillcolor: faded(c.up, 0.35) },
      decreasing: { line: { color: faded(c.down, 0.75), width: 1 }, fillcolor: faded(c.down, 0.35) },
    };
    const note = document.getElementById("left-out");
    note.textContent = series.left_out ? `The chart leaves out the ${series.left_out.toLocaleString("en")} oldest trades.` : "";
    Plotly.react(chart("candle"), [candle, ...marks(series.trades, c)], layout(c, {
      hovermode: "closest", xaxis: { ...time, rangeslider: { visible: false } },
      yaxis: { tickformat: ",~r", title: titled("Price, " + quote, c) },
    }), config).then(view);
  }

  function draw() {
    const c = colours();
    drawCurve(c, "Strategy", state.scale);
    drawCandles(c);
    drawExposure(c);
  }

  function show(number) {
    const index = data.symbols.findIndex((s) => s.trades.some((t) => t.number === number));
    if (index < 0) return;
    const moved = index !== state.symbol;
    state.symbol = index;
    const select = document.getElementById("symbol");
    if (select) select.value = String(index);
    if (moved) drawCandles(colours());
    const series = data.symbols[index];
    const trade = series.trades.find((t) => t.number === number);
    const room = Math.max((trade.to - trade.from) * 0.6, 24 * series.step);
    chart("candle").scrollIntoView({ behavior: "smooth", block: "center" });
    setTimeout(() => look(trade.from - room, trade.to + room), moved ? 60 : 0);
  }

  scaleSwitch(state);
  all("[data-view]").forEach((b) => b.addEventListener("click", () => {
    state.view = b.dataset.view;
    pressed("view", state.view);
    view();
  }));
  all("tr[data-number]").forEach((row) => {
    row.addEventListener("click", () => show(Number(row.dataset.number)));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") show(Number(row.dataset.number)); });
  });
  const select = document.getElementById("symbol");
  if (select) select.addEventListener("change", () => { state.symbol = Number(select.value); drawCandles(colours()); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  const box = chart("candle");
  if (box.on) {
    box.on("plotly_doubleclick", () => { view(); return false; });
    box.on("plotly_relayout", (change) => {
      const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
      // A zoom in time alone shows the whole range of the prices in it.
      if (from !== undefined && change["yaxis.range[0]"] === undefined) {
        look(instant(from), instant(to));
      }
    });
  }
})();
