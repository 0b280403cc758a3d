const TITLE_CHARACTER = 9.5;
const NOTE_CHARACTER = 6.9;
const LEAST_WIDTH_OF_A_PANEL = 300;

// Vega does not break long titles, nor the notes beneath.
function broken(text, characters) {
  return text.split(" ").reduce((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`.trim();
    return longer.length <= characters ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, [""]);
}

// Vega cannot stretch a grid of charts, whose spacing holds the axes.
function stretch(grid, width) {
  grid.columns = Math.max(1, Math.min(grid.columns, Math.floor(width / LEAST_WIDTH_OF_A_PANEL)));
  for (const panel of grid.concat) panel.width = Math.floor(width / grid.columns) - grid.spacing.column;
}

for (const figure of document.querySelectorAll("figure.chart")) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const width = figure.clientWidth;
  if (spec.title?.text) spec.title.text = broken(spec.title.text, width / TITLE_CHARACTER);
  if (spec.usermeta?.notes) {
    spec.title.subtitle = spec.usermeta.notes.flatMap((note) => broken(note, width / NOTE_CHARACTER));
  }
  if (spec.concat) stretch(spec, width);
  const options = { actions: false, renderer: "svg", ast: true };
  vegaEmbed(figure.querySelector("div"), spec, options).catch((error) => {
    figure.querySelector("figcaption").hidden = false;
    console.error(error);
  });
}

// Paper has nothing to unfold.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
