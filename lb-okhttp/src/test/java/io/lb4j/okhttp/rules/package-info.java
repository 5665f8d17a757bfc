/** Tests of calls over OkHttp, against real servers on loopback. */
@NullMarked
package io.lb4j.okhttp.rules;

import org.jspecify.annotations.NullMarked;
