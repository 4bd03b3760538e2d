# Code lines of Ruby files by Ripper: one path a line on standard input, a path and a number a line on standard output.
# Files that it does not read are left out.
require "ripper"
require "set"

NONE = %i[on_sp on_nl on_ignored_nl on_comment on_embdoc on_embdoc_beg on_embdoc_end on_ignored_by_ripper].freeze

$stdin.each_line(chomp: true) do |path|
  source = File.binread(path).force_encoding("UTF-8")
  next if !source.valid_encoding? || source.include?("\n__END__") || Ripper.sexp(source).nil?

  lines = Set.new
  Ripper.lex(source).each do |(line, _), kind, text|
    next if NONE.include?(kind)
    (text.count("\n") + (text.end_with?("\n") ? 0 : 1)).clamp(1..).times { |n| lines << (line + n) }
  end
  puts "#{path}\t#{lines.size}"
end
