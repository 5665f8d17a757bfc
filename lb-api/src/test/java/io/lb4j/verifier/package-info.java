/** Tests of the verifier, apart from it because its package is published. */
@NullMarked
package io.lb4j.verifier;

import org.jspecify.annotations.NullMarked;
