/** The proof that processes which share a Redis agree on the instance of each key; run by {@code .ci/affinity}. */
@NullMarked
package io.lb4j.examples.affinity;

import org.jspecify.annotations.NullMarked;
