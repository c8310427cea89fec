() => { // Tells whether one sees what has the focus: it has a ring, and stands in the window.
  const one = document.activeElement, box = one.closest(".cm-editor") || one;
  const thumb = one.type === "range" && one.matches(":focus-visible"); // its ring is about its thumb
  const style = getComputedStyle(box), place = box.getBoundingClientRect();
  const ringed = thumb || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  const there = place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth;
  return one === document.body || (ringed && there);
}
