// Lists what can be worked or seen and has no name that could be read out.
() => {
  const all = [...document.querySelectorAll("button, input, select, textarea, [role=textbox], img:not([alt])")];
  const named = (one) => one.ariaLabel || one.labels?.length || one.textContent.trim() || one.alt;
  return all.filter((one) => one.checkVisibility() && !named(one)).map((one) => one.outerHTML.slice(0, 120));
}
