package io.lb4j.examples.docs;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A block of Java from the documentation as a program: its imports go to the top, its types become nested ones, its
 * statements become {@code main}. The packages of lb4j are imported; a name from anywhere else the block must import
 * itself, as its reader has to. Types that earlier blocks of the same text have declared are there as well.
 * {@link Surroundings} are what the text around the block has set up already.
 */
final class Snippet {
    private static final Pattern TYPE = Pattern.compile(
            "(public |private |final |static |sealed |abstract )*(?:class|record|interface|enum) (\\w+).*");
    private static final Pattern METHOD =
            Pattern.compile("(public |private |static |final )+[\\w<>\\[\\], ?]+ \\w+\\(.*\\{\\s*");
    private static final List<String> IMPORTS = List.of(
            "io.lb4j.*",
            "io.lb4j.balancer.*",
            "io.lb4j.health.*",
            "io.lb4j.retry.*",
            "io.lb4j.strategy.*",
            "io.lb4j.discovery.*",
            "io.lb4j.okhttp.*",
            "io.lb4j.testing.*");

    private final StringBuilder imports = new StringBuilder();
    private final StringBuilder statements = new StringBuilder();
    private final List<Member> members = new ArrayList<>();

    /** A type or a method. */
    private static final class Member {
        private String type = "";
        private final StringBuilder text = new StringBuilder();
    }

    private Snippet(String code) {
        StringBuilder part = null;
        boolean annotatedBefore = false;
        int depth = 0;
        for (String line : code.split("\n", -1)) {
            if (depth == 0) {
                if (line.startsWith("import ")) {
                    imports.append(line).append('\n');
                    continue;
                }
                boolean annotated = line.startsWith("@");
                Matcher type = TYPE.matcher(line);
                boolean member = type.matches() || METHOD.matcher(line).matches() || annotated;
                if (member && !annotatedBefore) {
                    members.add(new Member());
                }
                part = member ? last().text : statements;
                if (type.matches()) {
                    last().type = type.group(2);
                }
                if (member && !annotated && !line.contains("static ")) {
                    line = "static " + line;
                }
                annotatedBefore = annotated;
            }
            part = part == null ? statements : part;
            part.append(line).append('\n');
            depth += count(line, '{') - count(line, '}');
        }
    }

    private static int count(String line, char wanted) {
        Matcher string = Pattern.compile("\"(\\\\.|[^\"\\\\])*\"|'.'").matcher(line);
        return (int) string.replaceAll("").chars().filter(c -> c == wanted).count();
    }

    private Member last() {
        return members.get(members.size() - 1);
    }

    /** Takes over the types of an earlier block that this one names. */
    private void borrow(Snippet earlier) {
        for (Member member : earlier.members) {
            Pattern name = Pattern.compile("\\b" + member.type + "\\b");
            boolean own = members.stream().anyMatch(each -> each.type.equals(member.type));
            if (!member.type.isEmpty() && !own && name.matcher(source()).find()) {
                members.add(member);
                imports.append(earlier.imports);
            }
        }
    }

    private String source() {
        StringBuilder text = new StringBuilder();
        IMPORTS.forEach(name -> text.append("import ").append(name).append(";\n"));
        text.append(imports)
                .append("public final class Snippet_ extends ")
                .append(Surroundings.class.getName())
                .append(" {\n");
        members.forEach(member -> text.append(member.text));
        return text.append("public static void main(String[] args) throws Exception {\n")
                .append(statements)
                .append("}\n}\n")
                .toString();
    }

    /**
     * Compiles the block and runs it.
     *
     * @param earlier the blocks before it in the same text, in their order
     */
    static void run(String code, List<String> earlier, Path classes) throws Exception {
        Snippet snippet = new Snippet(code);
        for (int i = earlier.size() - 1; i >= 0; i--) {
            snippet.borrow(new Snippet(earlier.get(i)));
        }
        compile(snippet.source(), classes);
        URL[] path = {classes.toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, Snippet.class.getClassLoader())) {
            Class<?> type = loader.loadClass("Snippet_");
            type.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            Annotated.callAll(type);
        }
    }

    private static void compile(String source, Path classes) throws IOException {
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        Files.createDirectories(classes);
        try (StandardJavaFileManager files = javac.getStandardFileManager(problems, Locale.ROOT, null)) {
            JavaFileObject file =
                    new SimpleJavaFileObject(URI.create("string:///Snippet_.java"), JavaFileObject.Kind.SOURCE) {
                        @Override
                        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                            return source;
                        }
                    };
            List<String> options =
                    List.of("-d", classes.toString(), "--release", "17", "-proc:none", "-cp", classPath());
            boolean ok = javac.getTask(new StringWriter(), files, problems, options, null, List.of(file))
                    .call();
            if (!ok) {
                StringBuilder text = new StringBuilder("does not compile:\n");
                for (Diagnostic<?> problem : problems.getDiagnostics()) {
                    text.append(problem).append('\n');
                }
                throw new AssertionError(text.append(source).toString());
            }
        }
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
