/** A conversation service whose context is in the server's memory, in Redis or in a database: what each costs. */
@NullMarked
package io.lb4j.examples.conversation;

import org.jspecify.annotations.NullMarked;
