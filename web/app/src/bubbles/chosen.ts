/** Whether a button is the one that was pressed. Two cards may have buttons of the same name, so the place counts; the
 * name does only where the place is not known. */
export function isChosen(
  answer: { readonly given: string | undefined; readonly pressed: string | undefined },
  button: { readonly title: string; readonly place: string },
): boolean {
  return answer.pressed === undefined ? answer.given === button.title : answer.pressed === button.place;
}
