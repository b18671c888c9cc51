/// What the files of a models folder are and what belongs together: [ModelCatalog] walks folders and opens headers
/// only, [ModelRecogniser] is one kind of model, [Pairing] says what a transformer needs and which of it is there.
@NullMarked
package dev.quantreel.engines.recognition;

import org.jspecify.annotations.NullMarked;
