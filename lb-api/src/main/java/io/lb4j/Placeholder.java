package io.lb4j;

/** Keeps the package from being empty. */
public final class Placeholder {
    private Placeholder() {}
}
