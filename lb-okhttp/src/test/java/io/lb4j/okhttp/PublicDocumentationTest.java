package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a user can name says what it is for. The documentation tool can demand that only together with a tag for each
 * parameter, so it is demanded here. It stands in the module that is above the other published ones.
 */
class PublicDocumentationTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lb-api/src/main/java",
                "lb-api/src/test/java/io/lb4j/testing",
                "lb-strategies/src/main/java",
                "lb-strategies/redis/src/main/java",
                "lb-discovery/src/main/java",
                "lb-okhttp/src/main/java"
            })
    void publicMembers_ofPublishedSources_areDocumented(String path) throws IOException {
        Path sources = Path.of("..", path);
        try (Stream<Path> files = Files.walk(sources)) {
            List<Path> java = files.filter(file -> file.toString().endsWith(".java") && !isInternal(file))
                    .toList();

            assertThat(java).isNotEmpty();
            assertThat(undocumented(java)).isEmpty();
        }
    }

    /** Not exported, so that no user can name it. */
    private static boolean isInternal(Path file) {
        Path directory = file.getParent();
        return directory != null && directory.endsWith("internal");
    }

    @Test
    void undocumentedMembers_ofEveryKind_areFound() throws IOException {
        Path sample = Path.of("src", "test", "resources", "undocumented", "Sample.java");

        assertThat(undocumented(List.of(sample)))
                .containsExactly(
                        "Sample.java: Sample",
                        "Sample.java: Sample.FIELD",
                        "Sample.java: Sample.<init>",
                        "Sample.java: Sample.method",
                        "Sample.java: Sample.Contract",
                        "Sample.java: Sample.Contract.implicitlyPublic",
                        "Sample.java: Sample.Kind",
                        "Sample.java: Sample.Kind.CONSTANT",
                        "Sample.java: Sample.Value",
                        "Sample.java: Sample.Value.more");
    }

    private static List<String> undocumented(List<Path> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, null, List.of("-proc:none"), null, files.getJavaFileObjectsFromPaths(sources));
            DocTrees docs = DocTrees.instance(task);
            List<String> found = new ArrayList<>();
            for (CompilationUnitTree unit : task.parse()) {
                String file =
                        Path.of(unit.getSourceFile().getName()).getFileName().toString();
                for (Tree type : unit.getTypeDecls()) {
                    if (type instanceof ClassTree declared
                            && declared.getModifiers().getFlags().contains(Modifier.PUBLIC)) {
                        TreePath path = new TreePath(new TreePath(unit), declared);
                        collect(docs, path, file + ": " + declared.getSimpleName(), found);
                    }
                }
            }
            return found;
        }
    }

    private static void collect(DocTrees docs, TreePath path, String name, List<String> found) {
        if (docs.getDocComment(path) == null) {
            found.add(name);
        }
        if (path.getLeaf() instanceof ClassTree type) {
            for (Tree member : type.getMembers()) {
                if (isForUsers(member, type)) {
                    collect(docs, new TreePath(path, member), name + "." + nameOf(member), found);
                }
            }
        }
    }

    private static boolean isForUsers(Tree member, ClassTree owner) {
        if (member instanceof MethodTree method) {
            boolean canonical = owner.getKind() == Tree.Kind.RECORD && method.getReturnType() == null;
            return isVisible(method.getModifiers(), owner) && !isOverride(method) && !canonical;
        }
        if (member instanceof VariableTree field) {
            return isVisible(field.getModifiers(), owner);
        }
        return member instanceof ClassTree type && isVisible(type.getModifiers(), owner);
    }

    private static String nameOf(Tree member) {
        if (member instanceof MethodTree method) {
            return method.getName().toString();
        }
        return member instanceof VariableTree field
                ? field.getName().toString()
                : ((ClassTree) member).getSimpleName().toString();
    }

    private static boolean isVisible(ModifiersTree modifiers, ClassTree owner) {
        Set<Modifier> flags = modifiers.getFlags();
        if (owner.getKind() == Tree.Kind.INTERFACE || owner.getKind() == Tree.Kind.ANNOTATION_TYPE) {
            return !flags.contains(Modifier.PRIVATE);
        }
        return flags.contains(Modifier.PUBLIC) || flags.contains(Modifier.PROTECTED);
    }

    private static boolean isOverride(MethodTree method) {
        return method.getModifiers().getAnnotations().stream()
                .anyMatch(
                        annotation -> annotation.getAnnotationType().toString().equals("Override"));
    }
}
