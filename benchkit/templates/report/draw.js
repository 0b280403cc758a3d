for (const figure of document.querySelectorAll("figure.chart")) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const options = { actions: false, renderer: "svg", ast: true };
  vegaEmbed(figure.querySelector("div"), spec, options).catch((error) => {
    figure.querySelector("figcaption").hidden = false;
    console.error(error);
  });
}
