// The pictures of a report, drawn from what stands in their figures. The tables below them say the same without script.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const paper = matchMedia("print");
const drawn = [];

/** A colour of ours as the browser resolves it for light or dark. */
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `chart-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Slanted lines, so that the quiet bars are told from the full ones without colour. */
function slanted(ink) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  for (const start of [-8, 0, 8]) {
    pen.moveTo(start, 8);
    pen.lineTo(start + 8, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function said(value, unit) {
  if (unit === "percent") return `${value} %`;
  if (unit === "count") return value.toLocaleString();
  const hours = Math.floor(value / 60);
  if (!hours) return `${value} min`;
  return value % 60 && hours < 10 ? `${hours} h ${value % 60} min` : `${Math.round(value / 60)} h`;
}

/** Where a bar is missing: said once for a group without any. */
function none(chart, index, place) {
  const others = chart.data.datasets.map((set) => set.data[place]);
  if (others.some((value) => value !== null)) return "–";
  return index === 0 ? "not enough data" : "";
}

/** The value at the end of each bar. */
const values = {
  id: "values",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = colour("words");
    ctx.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = "middle";
    chart.data.datasets.forEach((set, index) => {
      if (!chart.isDatasetVisible(index)) return;
      chart.getDatasetMeta(index).data.forEach((bar, place) => {
        const value = set.data[place];
        const { unit } = chart.options;
        const soon = unit === "minutes" && value === 0 && "less than a minute";
        const words = value === null ? none(chart, index, place) : soon || said(value, unit);
        ctx.fillText(words, bar.x + 6, bar.y);
      });
    });
    ctx.restore();
  },
};

/** Hours are counted in hours: a scale of minutes has steps that a clock knows. */
function step(about) {
  if (about.unit !== "minutes") return undefined;
  const most = Math.max(...about.series.flatMap((set) => set.values.map((value) => value ?? 0)));
  return [5, 15, 30, 60, 120, 240, 480].find((size) => most / size <= 4) ?? Math.ceil(most / 4 / 1440) * 1440;
}

function options(about, words, lines) {
  return {
    unit: about.unit,
    indexAxis: "y",
    maintainAspectRatio: false,
    animation: still.matches || paper.matches ? false : { duration: 150 },
    layout: { padding: { right: 96 } },
    plugins: {
      legend: { position: "bottom", align: "start", labels: { color: words, boxWidth: 16, boxHeight: 12 } },
      tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${said(item.parsed.x, about.unit)}` } },
    },
    scales: {
      x: {
        beginAtZero: true,
        max: about.unit === "percent" ? 100 : undefined,
        grid: { color: lines },
        border: { display: false },
        ticks: { color: words, maxTicksLimit: 6, maxRotation: 0, precision: 0, stepSize: step(about), callback: (value) => said(value, about.unit) },
      },
      y: { grid: { display: false }, border: { color: lines }, ticks: { color: words, autoSkip: false } },
    },
  };
}

function draw(figure) {
  const about = JSON.parse(figure.dataset.chart);
  let place = figure.querySelector(".chart-in");
  if (!place) {
    place = document.createElement("div");
    place.className = "chart-in";
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", figure.getAttribute("aria-label"));
    place.append(canvas);
    figure.append(place);
  }
  const bars = about.labels.length * about.series.length;
  place.style.height = `${Math.max(160, bars * 26 + 90)}px`;
  const [full, quiet] = [colour("full"), colour("quiet")];
  const datasets = about.series.map((set) => ({
    label: set.label,
    data: set.values,
    backgroundColor: set.quiet ? slanted(quiet) : full,
    borderColor: set.quiet ? quiet : full,
    borderWidth: 1,
    borderRadius: 2,
    maxBarThickness: 18,
  }));
  return new Chart(place.querySelector("canvas"), {
    type: "bar",
    data: { labels: about.labels, datasets },
    options: options(about, colour("words"), colour("lines")),
    plugins: [values],
  });
}

function drawAll() {
  drawn.splice(0).forEach((chart) => chart.destroy());
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.querySelectorAll("figure[data-chart]").forEach((figure) => drawn.push(draw(figure)));
}

drawAll();
document.fonts?.ready.then(drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
paper.addEventListener("change", drawAll);
