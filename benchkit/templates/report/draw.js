const CHARACTER_WIDTH = 9.5;

// Vega does not break long titles.
function broken(title, width) {
  return title.split(" ").reduce((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`.trim();
    const fits = longer.length * CHARACTER_WIDTH <= width;
    return fits ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, [""]);
}

for (const figure of document.querySelectorAll("figure.chart")) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  if (spec.title?.text) spec.title.text = broken(spec.title.text, figure.clientWidth);
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
