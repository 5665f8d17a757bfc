package io.lb4j.testing;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Feeds a parser with what nobody should send it: texts that are right, changed a little, again and again. What made it say something
 * new is kept and changed further, so that inputs get past the first check of a parser (the idea of coverage-guided
 * fuzzers, with the parser's own words for coverage). Seeded: the same inputs each time. Not thread-safe.
 *
 * <p>{@code -Dfuzz.inputs=1000000} sets how many inputs each parser gets; 5,000 by default.
 */
public final class Fuzzer {
    private static final int DEFAULT_INPUTS = 5_000;

    /** Nothing that is this short may cost this much, be it in one piece or in many. */
    private static final long MAX_ALLOCATED_BYTES = 16L << 20;

    private static final int MAX_LENGTH = 4096;
    private static final int MAX_KEPT = 1000;
    private static final int MAX_MUTATIONS = 6;

    private static final List<String> NASTY = List.of(
            "",
            " ",
            "\u0000",
            "\r\n",
            "\t",
            "\uFEFF",
            "\uD800",
            "\uDC00",
            "\uD83D\uDE00",
            "\u2028",
            "\u00e9",
            "\u0661",
            "-1",
            "0",
            "-0",
            "1e999",
            "-1e999",
            "1e-999",
            "NaN",
            "Infinity",
            "0x1p3",
            "2147483648",
            "9223372036854775808",
            "99999999999999999999999999",
            "0000000001",
            "1.0",
            "1d",
            "null",
            "true",
            "\"",
            "\\",
            "%",
            "%00",
            "%zz",
            "[[[[[[[[",
            "{{{{{{{{",
            "]]]]",
            "}}}}",
            "::",
            "..",
            ",,",
            ";;",
            "==",
            "&&");

    private final SplittableRandom random;
    private final List<String> kept;
    private final int sound;
    private final List<String> words = new ArrayList<>(NASTY);
    private final Set<String> said = new HashSet<>();

    /** What is tried. */
    @FunctionalInterface
    public interface Target {
        /**
         * Parses an input, and checks what came out.
         *
         * @return in other words for each way an input can be wrong, and the same ones for each that is wrong in this way:
         *     {@link #kind} of the error
         * @throws Exception whatever a parser must not throw
         */
        String accept(String input) throws Exception;
    }

    /**
     * A generator.
     *
     * @param seed of its randomness
     * @param sound texts that are right, at least one
     * @param words what such texts are made of
     */
    public Fuzzer(long seed, List<String> sound, List<String> words) {
        this.random = new SplittableRandom(seed);
        this.kept = new ArrayList<>(sound);
        this.sound = sound.size();
        this.words.addAll(words);
    }

    /**
     * Tries as many inputs as were asked for, and prints a line of how it went.
     *
     * @throws AssertionError naming the first input that the target didn't bear
     */
    public void run(String parser, Target target) {
        int inputs = Integer.getInteger("fuzz.inputs", DEFAULT_INPUTS);
        com.sun.management.ThreadMXBean thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long begin = System.nanoTime();
        long slowest = 0;
        for (int i = 0; i < inputs; i++) {
            String input = i < sound ? kept.get(i) : next();
            long allocated = thread.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            String word;
            try {
                word = target.accept(input);
            } catch (Exception | AssertionError | StackOverflowError e) {
                throw new AssertionError(parser + ": input " + i + ": " + shown(input), e);
            }
            slowest = Math.max(slowest, System.nanoTime() - start);
            allocated = thread.getCurrentThreadAllocatedBytes() - allocated;
            // The first ones load classes.
            if (allocated > MAX_ALLOCATED_BYTES && i > sound) {
                throw new AssertionError(parser + ": input " + i + " made it allocate " + allocated
                        + " bytes (expected: at most " + MAX_ALLOCATED_BYTES + "): " + shown(input));
            }
            if (kept.size() < MAX_KEPT && said.add(word)) {
                kept.add(input);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "fuzz: %s: %d inputs, %.1f s, %d kinds of answers, slowest %.1f ms%n",
                parser,
                inputs,
                (System.nanoTime() - begin) / 1e9,
                said.size(),
                slowest / 1e6);
    }

    /** The next input. */
    String next() {
        StringBuilder text = new StringBuilder(kept.get(random.nextInt(kept.size())));
        for (int left = 1 + random.nextInt(MAX_MUTATIONS); left > 0; left--) {
            mutate(text);
        }
        text.setLength(Math.min(text.length(), MAX_LENGTH));
        return text.toString();
    }

    private void mutate(StringBuilder text) {
        int at = random.nextInt(text.length() + 1);
        int to = Math.min(text.length(), at + 1 + random.nextInt(1 << random.nextInt(1, 8)));
        switch (random.nextInt(9)) {
            case 0 -> text.delete(at, to);
            case 1 -> text.insert(at, text.substring(at, to));
            case 2 -> text.insert(at, words.get(random.nextInt(words.size())));
            case 3 -> text.replace(at, to, words.get(random.nextInt(words.size())));
            case 4 -> text.setLength(at);
            case 5 -> {
                String other = kept.get(random.nextInt(kept.size()));
                text.replace(at, text.length(), other.substring(random.nextInt(other.length() + 1)));
            }
            case 6 -> {
                if (at < text.length()) {
                    text.setCharAt(at, (char) (text.charAt(at) ^ (1 << random.nextInt(8))));
                }
            }
            case 7 -> text.insert(at, (char) random.nextInt(random.nextBoolean() ? 0x80 : 0x10000));
            default ->
                text.insert(
                        at,
                        words.get(random.nextInt(words.size()))
                                .repeat(1 + random.nextInt(random.nextInt(100) == 0 ? 1500 : 3)));
        }
        text.setLength(Math.min(text.length(), MAX_LENGTH));
    }

    /** What of a message is the same for all errors of a kind: the rule that was broken, or else how it begins. */
    public static String kind(Throwable error) {
        String text = String.valueOf(error.getMessage());
        int rule = text.indexOf("(expected:");
        String same = rule >= 0 ? text.substring(rule) : text.replaceAll("'[^']*'|\"[^\"]*\"|[0-9]+", "");
        return same.substring(0, Math.min(same.length(), 80));
    }

    /** As a Java literal, so that it can be copied into a test. */
    private static String shown(String input) {
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < input.length(); i++) {
            char c = input.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c >= ' ' && c < 0x7f) {
                text.append(c);
            } else {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        return text.append('"').toString();
    }
}
