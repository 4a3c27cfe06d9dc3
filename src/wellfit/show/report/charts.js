// Draws the charts of the page with Observable Plot, and redraws them to fit.
"use strict";
(() => {
  const given = JSON.parse(document.getElementById("charts").textContent);

  // -- words and numbers ---------------------------------------------------------

  const whole = d3.format(",");
  const steps = (step) => (Math.abs(step) < 1e4 ? whole(step) : d3.format("~s")(step));
  const number = (value) => {
    const size = Math.abs(value);
    if (size >= 1e6 || (size < 1e-3 && size > 0)) return d3.format(".2~e")(value);
    return d3.format(size >= 1000 ? ",.0f" : ".4~g")(value);
  };
  const size = (value) => {
    const unit = d3.max([0, 3, 6, 9, 12], (power) => (value >= 10 ** power ? power : 0));
    const units = { 0: "B", 3: "kB", 6: "MB", 9: "GB", 12: "TB" };
    return `${d3.format(".3~g")(value / 10 ** unit)} ${units[unit]}`;
  };
  const time = (milliseconds) => {
    const s = milliseconds / 1000;
    if (s < 90) return `${d3.format(".3~g")(s)} s`;
    if (s < 5400) return `${d3.format(".3~g")(s / 60)} min`;
    return `${d3.format(".3~g")(s / 3600)} h`;
  };
  const percent = (value) => `${d3.format(".3~g")(100 * value)} %`;

  // The end of a name says more than its beginning: encoder.layers.11.attention
  const shortened = (name, fits) => (name.length > fits ? `…${name.slice(1 - fits)}` : name);

  // Whole powers of ten where there are some, `most` of them at most.
  const decades = ([low, high], most) => {
    const from = Math.ceil(Math.log10(low));
    const to = Math.floor(Math.log10(high));
    const every = Math.max(1, Math.ceil((to - from) / most));
    return to - from < 1 ? 4 : d3.range(from, to + 1, every).map((power) => 10 ** power);
  };

  // -- what the charts share -----------------------------------------------------

  const colour = (name) => `var(--${name})`;
  const dashes = [null, null, "6 3", "2 3"];
  const base = { style: { fontFamily: "inherit", fontSize: "11px" }, marginRight: 14 };
  const tip = {
    fill: colour("paper"), stroke: colour("rule"), textPadding: 8, fontSize: 12,
  };
  const axis = (width, label) => ({
    label, labelAnchor: "center", labelArrow: "none", ticks: width < 480 ? 4 : 8,
  });

  // Names down the side: the room they take, in pixels and in letters.
  const side = (names, width) => {
    const letter = 6.3;
    const longest = d3.max(names, (name) => name.length);
    const fits = Math.min(longest, Math.floor((width * 0.36) / letter));
    const tickFormat = (name) => shortened(name, fits);
    return { left: fits * letter + 14, y: { domain: names, label: null, tickSize: 0, tickFormat } };
  };

  // -- the kinds of charts -------------------------------------------------------

  function lines(chart, width) {
    const share = chart.unit === "share";
    const say = { share: percent, bytes: size, number }[chart.unit];
    const timed = chart.along === "time";
    const rated = chart.along === "rate";
    const when = timed ? time : rated ? number : (step) => `step ${whole(step)}`;
    const eased = (line) => (chart.smooth ? line.smooth : null);
    const points = (line, [at, values]) =>
      at.map((step, i) => ({
        line: line.name, step, value: chart.log && values[i] <= 0 ? null : values[i],
      }));
    const top = chart.lines.flatMap((line) => points(line, eased(line) ?? line.raw));
    const [low, high] = d3.extent(top, (d) => d.value);
    const reach = d3.extent(top, (d) => d.step);
    const stroke = (line, data, look) =>
      Plot.line(points(line, data), {
        x: "step", y: "value", stroke: colour(`tone${line.tone}`),
        curve: line.steps ? "step-after" : "linear", ...look,
      });
    const full = (line, data, strokeWidth) =>
      stroke(line, data, { strokeWidth, strokeDasharray: dashes[line.tone] });
    return Plot.plot({
      ...base, width,
      height: Math.round(Math.min(300, Math.max(180, width * 0.45))),
      marginLeft: 52, marginTop: chart.spans.length ? 26 : 14, marginBottom: 36,
      x: rated ? {
        ...axis(width, "learning rate"), type: "log", domain: reach, tickFormat: number,
        ticks: decades(reach, width / 90),
      } : {
        ...axis(width, timed ? "time" : "step"), tickFormat: timed ? time : steps,
        ticks: timed ? moments(d3.max(top, (d) => d.step) ?? 0, width / 90) : undefined,
        domain: [0, Math.max(timed ? 0 : given.last, d3.max(top, (d) => d.step) ?? 0)],
      },
      y: {
        type: chart.log ? "log" : "linear", label: null, grid: true, nice: true,
        tickFormat: say,
        ticks: chart.log ? decades([low, high], 5) : 5,
        domain: chart.unit === "bytes" ? [0, d3.max([high, ...chart.levels])]
          : share && !(low < high && high > 0.9) ? [0, 1] : undefined,
      },
      marks: [
        ...spans(chart, top),
        Plot.ruleY(chart.levels, { stroke: colour("soft"), strokeDasharray: "1 3" }),
        Plot.ruleX(chart.taken ?? [], { stroke: colour("soft"), strokeDasharray: "1 3" }),
        ...chart.lines.map((line) =>
          line.faint
            ? stroke(line, eased(line) ?? line.raw, { strokeWidth: 1, strokeOpacity: 0.4 })
            : eased(line)
            ? stroke(line, line.raw, { strokeWidth: 1, strokeOpacity: 0.28 })
            : full(line, line.raw, 1.6)),
        ...chart.lines.filter((line) => eased(line) && !line.faint).map((line) => full(line, line.smooth, 2)),
        ...chart.lines.filter((line) => line.dots).map((line) =>
          Plot.dot(points(line, line.raw), {
            x: "step", y: "value", r: 2.2, fill: colour(`tone${line.tone}`),
          })),
        Plot.tip(top, Plot.pointer({
          ...tip, x: "step", y: "value",
          title: (d) => `${d.line}\n${when(d.step)}: ${say(d.value)}`,
        })),
      ],
    });
  }

  // Times to read off: whole seconds, minutes or hours, `most` of them at most.
  function moments(end, most) {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200]
      .map((seconds) => 1000 * seconds);
    const step = steps.find((size) => end / size <= most) ?? end / most;
    return d3.range(0, end + 1, step);
  }

  function spans(chart, drawn) {
    const end = Math.max(given.last, d3.max(drawn, (d) => d.step) ?? 0);
    const marks = d3.rollups(chart.spans, (same) => d3.map(same, (s) => s.mark), (s) => s.x);
    const shade = colour("shade");
    return [
      Plot.rectX(chart.spans, { x1: "x", x2: end, fill: shade, fillOpacity: 0.04 }),
      Plot.ruleX(marks, { x: "0", stroke: shade, strokeOpacity: 0.7 }),
      Plot.text(marks, {
        x: "0", text: (d) => d[1].join(", "), fill: shade, fontWeight: 600,
        frameAnchor: "top", textAnchor: "start", dx: 4, dy: -14,
      }),
    ];
  }

  function heat(chart, width) {
    const { left, y } = side(chart.rows, width);
    const [low, high] = chart.domain;
    const say = chart.unit === "share" ? percent : (power) => number(10 ** power);
    const cells = chart.rows.flatMap((row, r) =>
      chart.values[r].map((value, c) => ({
        row, value, from: chart.edges[c], to: chart.edges[c + 1],
      })).filter((cell) => cell.value !== null));
    const every = Math.ceil(chart.rows.length / 24);
    const plot = Plot.plot({
      ...base, width,
      height: 44 + chart.rows.length * Math.max(9, Math.min(22, 420 / chart.rows.length)),
      marginLeft: left, marginTop: 6, marginBottom: 38,
      x: { ...axis(width, "step"), tickFormat: steps },
      y: { ...y, padding: 0.06, ticks: chart.rows.filter((_, i) => i % every === 0) },
      color: { type: "linear", scheme: "viridis", domain: [low, high], clamp: true },
      marks: [
        Plot.barX(cells, {
          y: "row", x1: "from", x2: "to", fill: "value", shapeRendering: "crispEdges",
        }),
        Plot.tip(cells, Plot.pointer({
          ...tip, x: (d) => (d.from + d.to) / 2, y: "row",
          title: (d) => `${d.row}\nstep ${whole(d.from)}: ${say(d.value)}`,
        })),
      ],
    });
    const both = document.createElement("div");
    both.append(ramp(say(low), say(high)), plot);
    return both;
  }

  function ramp(low, high) {
    const legend = document.createElement("div");
    const colours = document.createElement("i");
    const stops = d3.range(0, 1.01, 0.125).map(d3.interpolateViridis);
    colours.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    legend.className = "legend";
    legend.append(low, colours, high);
    return legend;
  }

  function ranges(chart, width) {
    const { left, y } = side(chart.rows, width);
    const rows = chart.values.map(([low, middle, high], i) => ({
      row: chart.rows[i], low, middle, high,
    }));
    const accent = colour("accent");
    const extent = d3.extent([chart.usual, ...chart.values.flat()]);
    return Plot.plot({
      ...base, width,
      height: 50 + rows.length * 20,
      marginLeft: left, marginTop: 6, marginBottom: 38,
      x: {
        ...axis(width, "update ÷ weight"), type: "log", grid: true, tickFormat: number,
        ticks: decades(extent, width / 110),
      },
      y,
      marks: [
        Plot.ruleX([chart.usual], { stroke: colour("soft"), strokeDasharray: "3 3" }),
        Plot.ruleY(rows, {
          y: "row", x1: "low", x2: "high", stroke: accent, strokeOpacity: 0.35,
          strokeWidth: 4, strokeLinecap: "round",
        }),
        Plot.dot(rows, { y: "row", x: "middle", r: 4, fill: accent }),
        Plot.tip(rows, Plot.pointerY({
          ...tip, x: "middle", y: "row",
          title: (d) =>
            `${d.row}\nmedian ${number(d.middle)}\n80 %: ${number(d.low)} to ${number(d.high)}`,
        })),
      ],
    });
  }

  function bars(chart, width) {
    const { left, y } = side(chart.rows, width);
    const rows = chart.values.map((value, i) => ({ row: chart.rows[i], value }));
    return Plot.plot({
      ...base, width,
      height: 20 + rows.length * 30,
      marginLeft: left, marginRight: 60, marginTop: 6, marginBottom: 6,
      x: { axis: null },
      y: { ...y, padding: 0.35 },
      marks: [
        Plot.barX(rows, {
          y: "row", x: "value",
          fill: (d) => colour(d.row === chart.chosen ? "accent" : "tone0"),
        }),
        Plot.ruleX([0], { stroke: colour("rule") }),
        Plot.text(rows, {
          y: "row", x: "value", text: (d) => number(d.value), fill: colour("ink"),
          textAnchor: "start", dx: 6,
        }),
      ],
    });
  }

  // Where a run failed it has no place on the axis: it is written at the worse end.
  function pairs(chart, width) {
    const rows = chart.before.map((before, i) => ({
      row: `seed ${chart.seeds[i]}`, before, after: chart.after[i],
    }));
    const { left, y } = side(rows.map((d) => d.row), width);
    const sign = chart.greater ? 1 : -1;
    const better = (d) => d.before === null || (d.after !== null && sign * (d.after - d.before) > 0);
    const whole = rows.filter((d) => d.before !== null && d.after !== null);
    const known = (name) => rows.filter((d) => d[name] !== null);
    const ways = [[true, "tone1", null], [false, "tone2", "4 3"]];
    const say = (value) => (value === null ? "failed" : number(value));
    const extent = d3.extent([...chart.before, ...chart.after].filter((v) => v !== null));
    return Plot.plot({
      ...base, width,
      height: 46 + rows.length * 24,
      marginLeft: left, marginRight: 24, marginTop: 6, marginBottom: 38,
      x: {
        ...axis(width, chart.metric), type: chart.log ? "log" : "linear", grid: true,
        tickFormat: number, nice: true, insetLeft: 12, insetRight: 12,
        ticks: chart.log ? decades(extent, width / 110) : Math.max(2, Math.floor(width / 110)),
      },
      y: { ...y, padding: 0.5 },
      marks: [
        ...chart.medians.map((value, i) => Plot.ruleX(value === null ? [] : [value], {
          stroke: colour(`tone${i}`), strokeDasharray: "2 3",
        })),
        ...ways.map(([way, tone, strokeDasharray]) =>
          Plot.arrow(whole.filter((d) => better(d) === way), {
            x1: "before", x2: "after", y1: "row", y2: "row", stroke: colour(tone),
            strokeWidth: 1.6, strokeDasharray, inset: 6, headLength: 7,
          })),
        Plot.dot(known("before"), {
          x: "before", y: "row", r: 4.5, fill: colour("paper"), stroke: colour("tone0"),
          strokeWidth: 2,
        }),
        Plot.dot(known("after"), {
          x: "after", y: "row", r: 5, fill: (d) => colour(better(d) ? "tone1" : "tone2"),
        }),
        Plot.text(rows.filter((d) => d.before === null || d.after === null), {
          y: "row", frameAnchor: chart.greater ? "left" : "right", fill: colour("critical"),
          dx: chart.greater ? 2 : -2,
          text: (d) =>
            d.before === null && d.after === null ? "both failed"
              : d.before === null ? "failed as it is" : "failed with it",
        }),
        Plot.tip(rows, Plot.pointerY({
          ...tip, x: (d) => d.after ?? d.before, y: "row",
          title: (d) => `${d.row}\nas it is: ${say(d.before)}\nwith the plan: ${say(d.after)}`,
        })),
      ],
    });
  }

  // The name stands above its row: names of plans are long, and pages may be narrow.
  function effects(chart, width) {
    const rows = chart.rows.map((row, i) => ({ ...row, at: i }));
    const dots = rows.flatMap((row) => row.gains.map((gain) => ({ ...row, gain })));
    const tone = (d) => colour(d.good ? "tone1" : "tone0");
    const fits = Math.floor((width - 40) / 6.2);
    const cut = (name) => (name.length > fits ? `${name.slice(0, fits - 1)}…` : name);
    return Plot.plot({
      ...base, width,
      height: 50 + rows.length * 42,
      marginLeft: 14, marginRight: 14, marginTop: 20, marginBottom: 36,
      x: {
        ...axis(width, "← worse · relative gain · better →"), domain: [-1, 1], grid: true,
        ticks: width < 480 ? [-1, 0, 1] : 8, tickFormat: d3.format("+~g"),
      },
      y: { axis: null, domain: [rows.length - 0.3, -0.6] },
      marks: [
        Plot.ruleX([0], { stroke: colour("soft") }),
        Plot.text(rows, {
          y: "at", frameAnchor: "left", dy: -17, text: (d) => cut(d.name), fill: colour("ink"),
          fontSize: 12, stroke: colour("paper"), strokeWidth: 4,
        }),
        Plot.ruleY(rows.filter((d) => d.between.length), {
          y: "at", x1: (d) => d.between[0], x2: (d) => d.between[1], stroke: tone,
          strokeOpacity: 0.35, strokeWidth: 7, strokeLinecap: "round",
        }),
        Plot.dot(dots, {
          x: "gain", y: "at", r: 3.5, stroke: tone, strokeWidth: 1.2, fill: colour("paper"),
        }),
        Plot.ruleX(rows.filter((d) => d.median !== null), {
          x: "median", y1: (d) => d.at - 0.2, y2: (d) => d.at + 0.2, stroke: tone,
          strokeWidth: 3,
        }),
        Plot.tip(dots, Plot.pointer({
          ...tip, x: "gain", y: "at",
          title: (d) => `${d.name}\n${d.said}\nthis pair: ${number(d.gain)}`,
        })),
      ],
    });
  }

  // -- drawing, switching, theme -------------------------------------------------

  const kinds = { lines, heat, ranges, bars, pairs, effects };
  const widths = new Map();

  function draw(place) {
    const width = Math.floor(place.clientWidth);
    if (width < 100) return;
    const chart = given.charts[place.id];
    widths.set(place, width);
    place.replaceChildren(kinds[chart.kind](chart, width));
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (Math.floor(target.clientWidth) !== widths.get(target)) draw(target);
  });
  for (const place of document.querySelectorAll(".plot")) {
    draw(place);
    resized.observe(place);
  }

  for (const button of document.querySelectorAll("[data-toggle]")) {
    const { toggle, for: id } = button.dataset;
    const chart = given.charts[id];
    button.setAttribute("aria-pressed", String(chart[toggle]));
    button.addEventListener("click", () => {
      chart[toggle] = !chart[toggle];
      button.setAttribute("aria-pressed", String(chart[toggle]));
      draw(document.getElementById(id));
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const code = button.closest(".code").querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        document.execCommand("copy"); // some browsers keep the clipboard from files
      }
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  }

  const themes = ["automatic", "light", "dark"];
  const theme = document.getElementById("theme");
  theme.addEventListener("click", () => {
    const name = theme.querySelector("span");
    name.textContent = themes[(themes.indexOf(name.textContent) + 1) % themes.length];
    document.documentElement.dataset.theme = name.textContent;
  });
})();
