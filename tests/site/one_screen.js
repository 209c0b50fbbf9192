// Does an explorer fit one screen with what the reader moves? Run in a page; gives problems in words.
// Every control gets the focus, coming from above and from below, and has to be in sight with the charts of the stage.

async (name) => {
  const root = document.querySelector(`#explorer-${name} .explorer-live`);
  const charts = [...root.querySelectorAll(".explorer-stage .explorer-canvas")];
  const controls = [...root.querySelectorAll("button, input, select, [tabindex]")].filter((one) => !one.disabled && one.checkVisibility());
  const header = document.querySelector(".bd-header-article")?.offsetHeight ?? 0;
  const frame = () => new Promise((done) => setTimeout(done, 25));
  const called = (one) => one.ariaLabel ?? (one.labels?.[0]?.textContent || one.textContent);
  const problems = [];
  const see = (part, what) => {
    const { top, bottom, left, right } = part.getBoundingClientRect();
    if (top < header - 1 || bottom > innerHeight + 1 || left < -1 || right > innerWidth + 1) {
      problems.push(`${what}: from ${Math.round(top)} to ${Math.round(bottom)}, in sight is ${header} to ${innerHeight}`);
    }
  };
  if (!charts.length) problems.push("no chart on the stage");
  for (const chart of charts) {
    const { width, height } = chart.getBoundingClientRect();
    if (width < 200 || height < 110) problems.push(`a chart of ${width} by ${height} cannot be read`);
  }
  for (const from of [0, document.documentElement.scrollHeight]) {
    for (const control of controls) {
      document.activeElement.blur();
      scrollTo({ top: from, behavior: "instant" });
      await frame();
      control.focus({ focusVisible: true });
      await frame();
      see(control, called(control));
      for (const chart of charts) see(chart, `${called(control)} has the focus, ${chart.ariaLabel.split(":")[0]}`);
    }
  }
  return problems;
}
