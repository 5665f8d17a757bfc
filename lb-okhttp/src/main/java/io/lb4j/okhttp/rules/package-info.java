/**
 * Rules for where calls go and which may be made at all: routes by what a request is, mirrors, and the file that both may come
 * from. Knows requests and subsets, and no client.
 */
@NullMarked
package io.lb4j.okhttp.rules;

import org.jspecify.annotations.NullMarked;
