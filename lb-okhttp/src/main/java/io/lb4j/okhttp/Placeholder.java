package io.lb4j.okhttp;

/** Keeps the package from being empty. */
public final class Placeholder {
    private Placeholder() {}
}
