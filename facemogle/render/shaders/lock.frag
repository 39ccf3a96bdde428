#version 330
in vec3 shaded, gloss;
in vec3 lie;
uniform sampler2D hairs;
uniform float label;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
void main() {
  vec2 hair = texture(hairs, lie.xy).rg;
  float middle = abs(lie.z);
  // Ragged at the sides, at the tip and, a little, at the root.
  float tip = lie.y * lie.y * 1.15, root = 1. - lie.y * 14.;
  if (max(max(tip, root), middle * middle) > hair.g + .1) discard;
  float bright = .45 + 1.1 * hair.r;
  vec3 c = shaded * bright + gloss * bright * bright;
  c = c * (1. + c / 3.5) / (1. + c * .72);
  out_color = vec4(sqrt(clamp(c, 0., 1.)), 1.);
  out_label = vec4(label / 255., label / 255., 0., 1.);
}
