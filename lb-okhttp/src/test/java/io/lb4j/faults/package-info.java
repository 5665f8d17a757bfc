/** Faults made for real, between server processes and two clients: a balanced one, and plain OkHttp with a rotation. */
@NullMarked
package io.lb4j.faults;

import org.jspecify.annotations.NullMarked;
