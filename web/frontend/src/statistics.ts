/**
 * The charts of 查询统计. Each is drawn from the table beside it, so both say the same, and a bar leads where its row does.
 * Canvas and no tooltips: what ECharts writes as HTML would carry style attributes, which the Content-Security-Policy forbids.
 */
import { BarChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import type { ECharts } from "echarts/core";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, GridComponent, CanvasRenderer]);

interface Row {
  label: string;
  url: string | null;
  values: number[];
  /** How the values are written at their bars: the server rounds, as it does for the table. */
  labels: string[];
}

interface Table {
  rows: Row[];
  /** What the drawn values are called. */
  names: string[];
}

const style = getComputedStyle(document.documentElement);
const colour = (name: string) => style.getPropertyValue(`--jg-${name}`).trim();
const text = { color: colour("ink-700"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12.5 };
const colours = [colour("chart-1"), colour("chart-2")];
/** The alpha, in hexadecimal digits, of a column whose month is not over; its number stays black. */
const UNFINISHED = "6b";

function read(table: HTMLTableElement, drawn: string[]): Table {
  const heads = [...table.tHead!.rows[0]!.cells];
  const columns = drawn.map((name) => heads.findIndex((head) => head.dataset.name === name));
  const rows = [...table.tBodies[0]!.rows].filter((row) => row.cells.length > 1);
  return {
    names: columns.map((column) => heads[column]!.textContent.trim()),
    rows: rows.map((row) => ({
      label: row.cells[0]!.textContent.trim(),
      url: row.cells[0]!.querySelector("a")?.getAttribute("href") ?? null,
      values: columns.map((column) => Number(row.cells[column]!.dataset.value)),
      labels: columns.map((column) => row.cells[column]!.dataset.label ?? ""),
    })),
  };
}

/** What stands at the bars of a series. */
const labels = (table: Table, series: number) => (point: { dataIndex: number }) =>
  table.rows[point.dataIndex]?.labels[series] ?? "";

/** One row of columns below the other, each with an axis of its own that begins at 0. */
function columns(table: Table, unfinished: boolean): object {
  const last = table.rows.length - 1;
  const height = 100 / table.names.length;
  return {
    grid: table.names.map((_, n) => ({ left: 4, right: 4, top: `${n * height + 17}%`, height: `${height - 24}%` })),
    xAxis: table.names.map((_, n) => ({
      type: "category",
      gridIndex: n,
      data: table.rows.map((row) => row.label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("line-strong") } },
      axisLabel: { ...text, show: n === table.names.length - 1 },
    })),
    yAxis: table.names.map((name, n) => ({
      type: "value",
      gridIndex: n,
      min: 0,
      show: true,
      name,
      nameLocation: "end",
      nameGap: 18,
      nameTextStyle: { ...text, fontSize: 13, align: "left" },
      axisLabel: { show: false },
      splitLine: { show: false },
    })),
    series: table.names.map((_, n) => ({
      type: "bar",
      xAxisIndex: n,
      yAxisIndex: n,
      barMaxWidth: 28,
      itemStyle: { color: colours[n], borderRadius: [3, 3, 0, 0] },
      label: { ...text, show: table.rows.length <= 24, position: "top", formatter: labels(table, n) },
      data: table.rows.map((row, at) => ({
        value: row.values[n],
        itemStyle: unfinished && at === last ? { color: `${colours[n]}${UNFINISHED}` } : {},
      })),
    })),
  };
}

/** Bars from the left, the longest on top. */
function bars(table: Table, narrow: boolean): object {
  return {
    grid: { left: 4, right: 64, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: "value", min: 0, show: false },
    yAxis: {
      type: "category",
      inverse: true,
      data: table.rows.map((row) => row.label.replace(/^\d\d /, "")),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { ...text, width: narrow ? 110 : 180, overflow: "truncate" },
    },
    series: [
      {
        type: "bar",
        barMaxWidth: 16,
        itemStyle: { color: colours[0], borderRadius: [0, 3, 3, 0] },
        label: { ...text, show: true, position: "right", formatter: labels(table, 0) },
        data: table.rows.map((row) => row.values[0]),
      },
    ],
  };
}

function draw(place: HTMLElement): ECharts | undefined {
  const table = document.getElementById(place.dataset.table ?? "");
  if (!(table instanceof HTMLTableElement)) return undefined;
  const told = read(table, (place.dataset.drawn ?? "").split(" "));
  if (told.rows.length === 0) return undefined;
  place.hidden = false;
  table.parentElement!.classList.add("is-beside");
  const chart = init(place, null, { renderer: "canvas" });
  const asked =
    place.dataset.jgChart === "columns"
      ? columns(told, "unfinished" in place.dataset)
      : bars(told, place.clientWidth < 480);
  chart.setOption({ animation: false, textStyle: { fontFamily: text.fontFamily }, ...asked });
  chart.on("click", (point) => {
    const url = told.rows[point.dataIndex]?.url;
    if (url) location.assign(url);
  });
  new ResizeObserver(() => chart.resize()).observe(place);
  return chart;
}

/** 查看数据表: the tables are shown instead of being there for screen readers only. */
function switchTables(button: HTMLButtonElement): void {
  button.hidden = false;
  button.addEventListener("click", () => {
    const shownNow = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shownNow));
    for (const table of document.querySelectorAll(".jg-chart-table")) table.classList.toggle("is-beside", !shownNow);
  });
}

void document.fonts.ready.then(() => {
  const drawn = [...document.querySelectorAll<HTMLElement>("[data-jg-chart]")].map(draw);
  const button = document.querySelector<HTMLButtonElement>("[data-jg-tables]");
  if (button && drawn.some(Boolean)) switchTables(button);
});
