package io.lb4j.examples.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** One fenced block of a Markdown file. */
record CodeBlock(Path file, int line, String language, String code) {
    /** The repository's root, seen from this module, where Maven runs the tests. */
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** All fenced blocks in one of these languages, in README.md, docs and examples/README.md. */
    static List<CodeBlock> inDocs(String... languages) {
        List<CodeBlock> found = new ArrayList<>();
        for (Path file : markdown()) {
            found.addAll(in(file));
        }
        found.removeIf(block -> !List.of(languages).contains(block.language));
        return found;
    }

    static List<Path> markdown() {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            List<Path> files = new ArrayList<>(
                    docs.filter(f -> f.toString().endsWith(".md")).sorted().toList());
            files.add(0, ROOT.resolve("README.md"));
            files.add(ROOT.resolve("CONTRIBUTING.md"));
            Path examples = ROOT.resolve("examples/README.md");
            if (Files.exists(examples)) {
                files.add(examples);
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<CodeBlock> in(Path file) {
        List<CodeBlock> found = new ArrayList<>();
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int begin = -1;
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith("```")) {
                continue;
            }
            if (begin < 0) {
                begin = i;
            } else {
                String language = lines.get(begin).substring(3).trim();
                String code = String.join("\n", lines.subList(begin + 1, i));
                found.add(new CodeBlock(ROOT.relativize(file), begin + 1, language, code));
                begin = -1;
            }
        }
        if (begin >= 0) {
            throw new IllegalStateException(file + ":" + (begin + 1) + ": this code block is never closed");
        }
        return found;
    }

    @Override
    public String toString() {
        return file + ":" + line;
    }
}
